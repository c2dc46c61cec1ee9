import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLogger, readConfig, startServer, type Environment } from "@llm-backend/app-server";
import { expect, it } from "vitest";
import { openSocket, readStatus, sendRaw } from "../callers/raw-request.ts";
import { createConversation, createRestCaller, registerUser } from "../callers/rest-caller.ts";
import { openSocketCaller } from "../callers/socket-caller.ts";

const environment: Environment = { settings: {}, unknownSettings: [], providerVariables: {} };

it("a server that listens on two addresses is the same on both, and stops on both", async () => {
  await using cleanup = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "llm-backend-"));
  cleanup.defer(() => rm(folder, { recursive: true }));
  const file = join(folder, "config.yaml");
  const upstreams = [{ endpoint: "http://127.0.0.1:9/v1" }];
  await writeFile(
    file,
    JSON.stringify({ address: ["127.0.0.1:0", "127.0.0.1:0"], upstreams, limits: { body_bytes_max: 2000 } }),
  );
  const { config } = readConfig({ environment, flags: { config: file, data: join(folder, "data") } });
  const { logger } = createLogger(
    { level: "silent", format: "json" },
    { write: () => {}, droppedCount: () => 0, flush: () => Promise.resolve() },
  );
  const server = await startServer({ config, environment, logger });
  cleanup.defer(() => server.stopNow());
  expect(new Set(server.urls).size).toBe(2);

  const [first = "", second = ""] = server.urls;
  const user = await registerUser(first);
  const conversationId = await createConversation(createRestCaller(second, user.token));
  for (const url of server.urls) {
    const history = await createRestCaller(url, user.token).get(
      `/api/conversations/history/${conversationId}`,
    );
    expect(history.status).toBe(200);
    await using socket = await openSocketCaller(url, user.token);
    expect((await socket.call("query", "conversation.get", { conversationId })).error).toBeUndefined();
    const broken = await sendRaw(url, "GET / HTTP/1.1\r\nHost : a\r\n\r\n");
    expect(broken).toContain('{"error":"The request is not valid HTTP."}');
    const tooLarge = await sendRaw(
      url,
      `POST /api/users/login HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\nConnection: close\r\n\r\n`,
    );
    expect(readStatus(tooLarge)).toBe(413);
  }
  await server.stop();
  for (const url of server.urls) await expect(openSocket(url)).rejects.toThrow(/ECONNREFUSED/);
});
