import { once } from "node:events";
import { createServer, request, type ClientRequest } from "node:http";
import type { AddressInfo } from "node:net";
import type { ForwardService } from "@llm-backend/server";
import { expect, test } from "vitest";
import { createOpenAiHandler, type AnsweredCall } from "../../src/openai/openai-handler.ts";

type Access = Awaited<ReturnType<ForwardService["authenticate"]>>;

const forward: ForwardService["forward"] = (_incoming, { sink }) => {
  sink.head(200, {});
  sink.end();
  return Promise.resolve({ error: undefined, isAnswered: true, attempts: 1 });
};

/** A handler behind a real socket, whose callers are let in when the test says so. */
async function open() {
  const asked = Promise.withResolvers<void>();
  const letIn = Promise.withResolvers<Access>();
  const answered: AnsweredCall[] = [];
  const handler = createOpenAiHandler({
    forward: {
      authenticate() {
        asked.resolve();
        return letIn.promise;
      },
      forward,
    },
    newRequestId: () => "req_1",
    corsOrigins: ["*"],
    limits: { wholeBytesMax: 1000, uploadBytesMax: 1000 },
    readAddress: () => "",
    findRefusal: () => undefined,
    onAnswered: (call) => void answered.push(call),
    onInternalError: (error) => {
      throw error;
    },
    pingMs: 10_000,
  });
  const server = createServer((incoming, response) => handler.handle(incoming, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const send = (headers: Record<string, string>): ClientRequest => {
    const sent = request({ port, host: "127.0.0.1", method: "POST", path: "/v1/files", headers });
    sent.on("error", () => {});
    sent.flushHeaders();
    return sent;
  };
  return {
    handler,
    server,
    answered,
    asked: asked.promise,
    letIn: () => letIn.resolve({ kind: "open" } as Access),
    send,
    [Symbol.asyncDispose]: async () => {
      handler[Symbol.dispose]();
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

test.each(["application/json", "multipart/form-data"])(
  "a caller who leaves while it is found out who they are leaves nothing open: %s",
  async (type) => {
    await using opened = await open();
    const sent = opened.send({ "content-type": type, "content-length": "10" });
    await opened.asked;
    sent.destroy();
    await expect.poll(() => opened.answered.length).toBe(1);
    opened.letIn();
    const patience = AbortSignal.timeout(3000);
    await opened.handler.drain(patience);
    expect(patience.aborted).toBe(false);
    expect(opened.answered.map(({ status }) => status)).toEqual([499]);
  },
);
