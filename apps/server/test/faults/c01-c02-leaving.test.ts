import { finish, role, say, stall, wait, type Step } from "@llm-backend/testing";
import { describe, expect, it } from "vitest";
import { until } from "../callers/chat-stage.ts";
import { openSocket } from "../callers/raw-request.ts";
import { createConversation } from "../callers/rest-caller.ts";
import { followRun, newRequestId, readMessages, toText, type Told } from "../chat/read-run.ts";
import { createRandom } from "../crash/seeded-random.ts";
import { setClientStage, type ClientStage } from "./client-stage.ts";
import { isFullSize } from "./full-size.ts";
import { sideBySide } from "./side-by-side.ts";
import { callerToken } from "./v1-caller.ts";

const words = Array.from({ length: 12 }, (_, index) => `word${index} `);
const whole = words.join("");
const leavings = isFullSize ? 1000 : 60;
/** What an upstream may go on for after its caller has left; a busy machine sees it later. */
const closedMsMax = 200;

type RawCall = { readonly text: () => string; leave(): void };

/** Asks for a stream on a connection of its own, to be left at any moment. */
async function askAndLeave(stage: ClientStage, user: string): Promise<RawCall> {
  const socket = await openSocket(stage.backend.url);
  let text = "";
  socket.on("data", (chunk: Buffer) => (text += chunk.toString()));
  const body = JSON.stringify({
    model: "fake-model",
    stream: true,
    user,
    messages: [{ role: "user", content: "Hi" }],
  });
  const head = [
    "POST /v1/chat/completions HTTP/1.1",
    "Host: a",
    `Authorization: Bearer ${callerToken}`,
    "Content-Type: application/json",
    `Content-Length: ${body.length}`,
  ];
  socket.write(`${head.join("\r\n")}\r\n\r\n${body}`);
  return { text: () => text, leave: () => socket.destroy() };
}

const callOf = (stage: ClientStage, user: string) =>
  stage.upstream.calls.find(({ body }) => (body as { user?: string }).user === user);

const pause = (ms: number) => new Promise((resolve) => void setTimeout(resolve, ms));

/** How many calls of the misbehaving clients have a record. */
async function countRecords({ services: { records } }: ClientStage): Promise<number> {
  await records.flush();
  let count = 0;
  let cursor: string | undefined;
  do {
    const page = await records.list({
      limit: 200,
      model: "fake-model",
      ...(cursor !== undefined && { cursor }),
    });
    count += page.records.length;
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return count;
}

describe("C01: a caller of /v1 leaves before the first piece", () => {
  it("C01: the upstream is left at once, however early that was", { timeout: 60_000 }, async () => {
    await using stage = await setClientStage({ reply: { steps: [stall()] } });
    const waits: number[] = [];
    await sideBySide(Array.from({ length: leavings / 10 }).keys(), async (index) => {
      const asked = await askAndLeave(stage, `c01-${index}`);
      await until(() => callOf(stage, `c01-${index}`) !== undefined, "the upstream is asked");
      const leftAt = performance.now();
      asked.leave();
      const closed = await callOf(stage, `c01-${index}`)?.closed;
      expect(closed?.by).toBe("client");
      waits.push((closed?.at ?? Infinity) - leftAt);
    });
    const sorted = waits.toSorted((one, other) => one - other);
    expect(sorted[Math.floor(sorted.length / 2)]).toBeLessThan(closedMsMax);
    expect(sorted.at(-1)).toBeLessThan(2000);
    await stage.judge();
  });

  it("C01: in a conversation the answer is written to its end, for whoever comes back", async () => {
    await using stage = await setClientStage({
      reply: { steps: [role(), wait("left"), say(whole), finish()] },
    });
    const user = await stage.addUser();
    const leaving = new AbortController();
    const input = { conversationId: user.conversationId, requestId: newRequestId(), message: "Hi" };
    for await (const item of user.trpc.subscribe("chat.stream", input, { signal: leaving.signal })) {
      expect(item.kind).toBe("event");
      break;
    }
    leaving.abort();
    stage.upstream.open("left");
    const runId = (await readMessages(user.trpc, user.conversationId)).at(-1)?.run?.runId ?? "";
    expect(toText(await followRun(user.trpc, runId))).toBe(whole);
    await stage.judge();
  });

  it("C01: where the request says so, its answer ends with its reader", async () => {
    await using stage = await setClientStage({ reply: { steps: [role(), say("x"), stall()] } });
    const user = await stage.addUser();
    const leaving = new AbortController();
    const input = { conversationId: user.conversationId, requestId: newRequestId(), message: "Hi" };
    const stream = user.trpc.subscribe(
      "chat.stream",
      { ...input, onDisconnect: "cancel" },
      { signal: leaving.signal },
    );
    for await (const item of stream) if (item.kind === "event" && item.event.type === "text-delta") break;
    leaving.abort();
    expect((await stage.upstream.calls[0]?.closed)?.by).toBe("client");
    await until(
      async () => (await readMessages(user.trpc, user.conversationId)).at(-1)?.run?.state === "stopped",
      "the answer is stopped",
    );
    await stage.judge();
  });
});

describe("C01, C02: callers of /v1 leave at random moments", () => {
  it("C01, C02: every upstream is left, and every call has its record", { timeout: 300_000 }, async () => {
    const random = createRandom(2);
    const paced: Step[] = words.flatMap((word) => [wait(5), say(word)]);
    await using stage = await setClientStage({ reply: { steps: [role(), ...paced, finish()] } });
    await sideBySide(
      Array.from({ length: leavings }).keys(),
      async (index) => {
        const asked = await askAndLeave(stage, `c02-${index}`);
        await pause(random() * 100);
        asked.leave();
      },
      20,
    );
    await stage.judge();
    const { calls } = stage.upstream;
    expect(calls.length).toBeGreaterThan(leavings / 2);
    await until(async () => (await countRecords(stage)) >= calls.length, "every call has its record");
  });
});

describe("C02: a reader leaves at each event of an answer", () => {
  it("C02: what it had, and what came behind, is stored once", { timeout: 300_000 }, async () => {
    await using stage = await setClientStage({
      reply: { steps: [role(), ...words.flatMap((word) => [wait(2), say(word)]), finish()] },
    });
    const user = await stage.addUser();
    await sideBySide(words.keys(), async (index) => {
      const conversationId = await createConversation(user.rest, { model: "fake-model" });
      const leaving = new AbortController();
      const input = { conversationId, requestId: newRequestId(), message: "Hi" };
      const seen: Told[] = [];
      for await (const item of user.trpc.subscribe("chat.stream", input, { signal: leaving.signal })) {
        if (item.kind === "event") seen.push(item);
        if (seen.length > index) break;
      }
      leaving.abort();
      const runId = seen[0]?.id.split(":")[0] ?? "";
      const rest = await followRun(user.trpc, runId, seen.at(-1)?.id);
      expect(toText([...seen, ...rest])).toBe(whole);
      const messages = await readMessages(user.trpc, conversationId);
      expect(messages.map(({ content }) => content)).toEqual(["Hi", whole]);
      expect(messages[1]?.usage).not.toBeNull();
    });
    expect(stage.upstream.calls).toHaveLength(words.length);
    await stage.judge();
  });
});
