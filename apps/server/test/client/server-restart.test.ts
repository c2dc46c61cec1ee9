import type { RunEvent, SessionClient } from "@llm-backend/client";
import {
  createFakeUpstream,
  createHandDrivenReply,
  say,
  spawnBackend,
  wait,
  type BackendProcess,
} from "@llm-backend/testing";
import { describe, expect, it } from "vitest";
import { addUser, transports } from "./client-stage.ts";
import { createCuttingProxy } from "./cutting-proxy.ts";

/** Ends a server and starts another on its data, in the place where the client knows it. */
async function restart(
  backend: BackendProcess,
  given: { signal: NodeJS.Signals; setTarget: (url: string) => void },
): Promise<BackendProcess> {
  await backend.kill(given.signal);
  const next = await backend.restart();
  given.setTarget(next.url);
  return next;
}

async function readStored(client: SessionClient, conversationId: number) {
  const { messages } = await client.conversation.history.query({ conversationId });
  return messages.at(-1);
}

describe.each(transports)("a stream over %s", (transport) => {
  it.each([
    { before: 1, after: 0 },
    { before: 0, after: 3 },
    { before: 5, after: 3 },
  ])(
    "ends with exactly the stored text when the server is killed with $before pieces in the journal and $after behind it",
    { timeout: 60_000 },
    async ({ before, after }) => {
      await using upstream = await createFakeUpstream();
      await using backend = await spawnBackend({ upstreams: [upstream.url] });
      await using proxy = await createCuttingProxy(backend.url);
      const { client, conversationId } = await addUser(proxy.url, { transport });
      const reply = createHandDrivenReply();
      upstream.enqueue(reply.reply);
      const pieces = Array.from({ length: before + after }, (_, index) => `piece ${index}, `);
      // The journal is written every 250 ms.
      const steps = pieces.map((piece, index) => (index === before ? [wait(500), say(piece)] : [say(piece)]));
      if (after === 0) steps.push([wait(500), say("the last piece")]);

      const events: RunEvent[] = [];
      const stream = client.chat.stream({ conversationId, message: "Tell me." });
      let restarted: Promise<BackendProcess> | undefined;
      for await (const event of stream) {
        events.push(event);
        if (restarted !== undefined) continue;
        const next = steps.shift();
        if (next !== undefined) reply.push(...next);
        else restarted = restart(backend, { signal: "SIGKILL", setTarget: proxy.setTarget });
      }
      await using successor = await restarted;
      expect(successor?.url).not.toBe(backend.url);

      const stored = await readStored(client, conversationId);
      expect(events.at(-1)?.type).toBe("run-interrupt");
      expect(events.filter(({ type }) => type === "run-interrupt")).toHaveLength(1);
      expect(stream.text).toBe(stored?.content);
      expect(pieces.join("").startsWith(stream.text)).toBe(true);
      expect(stream.text.startsWith(pieces.slice(0, before).join(""))).toBe(true);
      expect(stored?.run?.state).toBe("interrupted");
      await expect(stream.result).resolves.toMatchObject({ state: "interrupted", text: stored?.content });
      expect(upstream.calls).toHaveLength(1);
      client.close();
    },
  );

  it(
    "asks only once when the server is killed before the client has heard of its run",
    { timeout: 60_000 },
    async () => {
      await using upstream = await createFakeUpstream();
      await using backend = await spawnBackend({ upstreams: [upstream.url] });
      await using proxy = await createCuttingProxy(backend.url);
      const { client, conversationId } = await addUser(proxy.url, { transport });
      const reply = createHandDrivenReply();
      upstream.enqueue(reply.reply);
      // Requests pass, answers do not; only a WebSocket has to be let open first.
      proxy.setBytesMax(() => (transport === "sse" ? 0 : 200));
      proxy.cutAll();

      const stream = client.chat.stream({ conversationId, message: "Tell me." });
      await upstream.nextCall();
      proxy.setRefusal("cut");
      proxy.cutAll();
      await using successor = await restart(backend, { signal: "SIGKILL", setTarget: proxy.setTarget });
      expect(successor.url).not.toBe(backend.url);
      proxy.setBytesMax(undefined);
      proxy.setRefusal(undefined);

      await expect(stream.result).resolves.toMatchObject({ state: "interrupted", text: "" });
      const { messages } = await client.conversation.history.query({ conversationId });
      expect(messages.map(({ role, content }) => [role, content])).toEqual([
        ["user", "Tell me."],
        ["assistant", ""],
      ]);
      expect(upstream.calls).toHaveLength(1);
      client.close();
    },
  );

  it("learns of the end of its answer when the server is told to stop", { timeout: 60_000 }, async () => {
    await using upstream = await createFakeUpstream();
    await using backend = await spawnBackend({ upstreams: [upstream.url], config: { drain_seconds: 0 } });
    const { client, conversationId } = await addUser(backend.url, { transport });
    const reply = createHandDrivenReply();
    upstream.enqueue(reply.reply);
    const stream = client.chat.stream({ conversationId, message: "Tell me." });
    reply.push(say("A beginning"));
    const types: string[] = [];
    for await (const event of stream) {
      types.push(event.type);
      if (event.type === "text-delta") void backend.kill("SIGTERM");
    }
    expect(types).toEqual(["run-start", "text-delta", "run-interrupt"]);
    expect(await backend.exited).toBe(0);
    client.close();
  });
});
