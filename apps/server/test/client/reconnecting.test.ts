import { LlmBackendError, type ChatStream, type RunEvent } from "@llm-backend/client";
import { createHandDrivenReply, finish, role, say, think, wait, type Step } from "@llm-backend/testing";
import { describe, expect, it } from "vitest";
import { setClientStage, transports } from "./client-stage.ts";

/** Text that breaks what splits it in the wrong place. */
const pieces = [
  "Once",
  " upon a time\n\n",
  'data: {"json":1}\n',
  "id: run_0:1\n\nevent: return\n\n",
  "漢字かな",
  "👩‍👩‍👧",
  " ",
  "\\u0041",
  "</script>",
  "\r\n",
  "é",
  "the end.",
];
const text = pieces.join("");

/** Joins events as a reader does who keeps nothing but what the loop brings. */
function toText(events: readonly RunEvent[]): string {
  let read = "";
  for (const event of events) {
    if (event.type === "answer-reset") read = "";
    else if (event.type === "text-delta") read += event.text;
  }
  return read;
}

async function readAll(stream: ChatStream): Promise<RunEvent[]> {
  const events: RunEvent[] = [];
  for await (const event of stream) events.push(event);
  return events;
}

/** Pseudo-random numbers from 0 to 1, the same for the same seed. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

describe.each(transports)("a stream over %s", (transport) => {
  it("brings the same text when the line is cut at every event", async () => {
    await using stage = await setClientStage();
    const { client, conversationId } = await stage.addUser({ transport });
    const reply = createHandDrivenReply();
    stage.upstream.enqueue(reply.reply);
    const rest = [...pieces];
    const events: RunEvent[] = [];
    const stream = client.chat.stream({ conversationId, message: "Tell me." });
    const before = stage.proxy.accepted;

    for await (const event of stream) {
      events.push(event);
      stage.proxy.cutAll();
      const piece = rest.shift();
      if (piece !== undefined) reply.push(say(piece));
      else if (event.type === "text-delta") reply.push(finish());
    }

    expect(toText(events)).toBe(text);
    expect(stream.text).toBe(text);
    expect(events.map(({ type }) => type)).toEqual([
      "run-start",
      ...pieces.map(() => "text-delta"),
      "run-done",
    ]);
    expect(stage.proxy.accepted - before).toBeGreaterThan(pieces.length);
    expect(stage.upstream.calls).toHaveLength(1);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    "brings the same text when the line is cut at any byte (%i)",
    async (seed) => {
      await using stage = await setClientStage();
      const { client, conversationId } = await stage.addUser({ transport });
      const random = createRandom(seed);
      const script = Array.from({ length: 8 }, () =>
        pieces.flatMap((piece): Step[] => [say(piece), wait(1)]),
      );
      stage.upstream.enqueue({ steps: [role(), think(["Hm", "…"]), ...script.flat(), finish()] });
      stage.proxy.setBytesMax(() => 1 + Math.floor(random() * 2500));
      stage.proxy.cutAll();

      let retries = 0;
      const stream = client.chat.stream(
        { conversationId, message: "Tell me." },
        { onRetry: () => retries++ },
      );
      const events = await readAll(stream);

      expect(retries).toBeGreaterThan(4);
      expect(toText(events)).toBe(text.repeat(8));
      expect(stream.text).toBe(text.repeat(8));
      expect(stream.reasoning).toBe("Hm…");
      expect(events.filter(({ type }) => type === "run-start")).toHaveLength(1);
      expect(events.filter(({ type }) => type === "run-done")).toHaveLength(1);
      expect(events.at(-1)?.type).toBe("run-done");
      expect(stage.upstream.calls).toHaveLength(1);
    },
  );

  it("brings the same text when the replay of an answer is cut at any of its bytes", async () => {
    await using stage = await setClientStage();
    const { client, conversationId } = await stage.addUser({ transport });
    stage.upstream.enqueue({ steps: [think("Hm…"), say(pieces), finish()] });
    const { runId } = await client.chat.stream({ conversationId, message: "Tell me." }).result;
    for (let bytes = 1; bytes < 2500; bytes += 13) {
      let next = bytes;
      stage.proxy.setBytesMax(() => {
        const max = next;
        next = Infinity;
        return max;
      });
      stage.proxy.cutAll();
      const stream = client.chat.follow({ runId });
      const events = await readAll(stream);
      expect(toText(events)).toBe(text);
      expect(stream.reasoning).toBe("Hm…");
      expect(events.at(-1)?.type).toBe("run-done");
    }
  });

  it("waits out a proxy that answers 502 and connections that are cut before any answer", async () => {
    await using stage = await setClientStage();
    const { client, conversationId } = await stage.addUser({ transport });
    stage.proxy.cutAll();
    stage.proxy.setRefusal("502");
    const errors: LlmBackendError[] = [];
    const stream = client.chat.stream(
      { conversationId, message: "Hi" },
      {
        onRetry({ attempt, error }) {
          errors.push(error);
          if (attempt === 3) stage.proxy.setRefusal("cut");
          if (attempt === 6) stage.proxy.setRefusal(undefined);
        },
      },
    );
    await expect(stream.result).resolves.toMatchObject({ state: "done", text: "Hello world" });
    expect(errors).toHaveLength(6);
    expect(new Set(errors.map(({ code }) => code))).toEqual(new Set(["network"]));
    expect(stage.upstream.calls).toHaveLength(1);
  });

  it("gives up after as many tries as it was told, with the code network", async () => {
    await using stage = await setClientStage();
    const { client, conversationId } = await stage.addUser({ transport });
    stage.proxy.cutAll();
    stage.proxy.setRefusal("cut");
    let retries = 0;
    const stream = client.chat.stream(
      { conversationId, message: "Hi" },
      { retry: { attemptsMax: 3, delayMsFirst: 1 }, onRetry: () => retries++ },
    );
    const failure: unknown = await readAll(stream).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "network", retryable: true });
    expect(LlmBackendError.is(failure)).toBe(true);
    await expect(stream.result).rejects.toBe(failure);
    expect(retries).toBe(3);
  });

  it("notices a line that is dead without saying so", async () => {
    await using stage = await setClientStage();
    const { client, conversationId } = await stage.addUser({ transport, silenceMsMax: 300 });
    const reply = createHandDrivenReply();
    stage.upstream.enqueue(reply.reply);
    reply.push(say("Before"));
    const stream = client.chat.stream({ conversationId, message: "Hi" });
    for await (const event of stream) {
      if (event.type !== "text-delta" || event.text !== "Before") continue;
      stage.proxy.freezeAll();
      reply.push(say(", behind."), finish());
    }
    expect(stream.text).toBe("Before, behind.");
  });

  it("ends at once when its signal is aborted while it waits to reconnect", async () => {
    await using stage = await setClientStage();
    const { client, conversationId } = await stage.addUser({ transport });
    stage.proxy.cutAll();
    stage.proxy.setRefusal("cut");
    const controller = new AbortController();
    const stream = client.chat.stream(
      { conversationId, message: "Hi" },
      { signal: controller.signal, retry: { delayMsFirst: 60_000 }, onRetry: () => controller.abort() },
    );
    await expect(readAll(stream)).rejects.toMatchObject({ code: "cancelled" });
  });
});
