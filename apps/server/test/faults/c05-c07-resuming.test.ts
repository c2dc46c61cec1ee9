import {
  answer,
  finish,
  role,
  say,
  spawnBackend,
  stall,
  wait,
  createFakeUpstream,
} from "@llm-backend/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { until } from "../callers/chat-stage.ts";
import { readSseEvents } from "../callers/frames.ts";
import { createConversation, createRestCaller, registerUser } from "../callers/rest-caller.ts";
import { openSocketCaller } from "../callers/socket-caller.ts";
import { createTrpcCaller, type StreamItem } from "../callers/trpc-caller.ts";
import { followRun, newRequestId, readMessages, readToEnd, toText, type Started } from "../chat/read-run.ts";
import { setClientStage, type ClientStage, type ClientUser } from "./client-stage.ts";
import { isFullSize } from "./full-size.ts";
import { everyNth, sideBySide } from "./side-by-side.ts";

const pieces = ["Once ", "upon ", "a ", "\u{1f600}\u6642", " there was", "."];
const whole = pieces.join("");
const paced = { steps: [role(), ...pieces.flatMap((piece) => [wait(5), say(piece)]), finish()] };
const step = isFullSize ? 1 : 13;

const sse = { accept: "text/event-stream" };

/** What a reader has of a stream that was cut behind so many bytes: whole events, and the id of the last. */
function cutAt(
  bytes: Buffer,
  length: number,
): { readonly text: string; readonly lastEventId: string | undefined } {
  const heard = bytes.subarray(0, length).toString();
  const end = heard.lastIndexOf("\n\n");
  const events = end === -1 ? [] : readSseEvents(heard.slice(0, end + 2));
  return { text: textOf(events), lastEventId: events.findLast(({ id }) => id !== undefined)?.id };
}

const textOf = (events: readonly { event: string; data: string }[]): string =>
  events
    .filter(({ event }) => event === "message")
    .map(({ data }) => {
      const { data: frame, json } = JSON.parse(data) as { data?: string; json?: { text?: string } };
      return frame ?? json?.text ?? "";
    })
    .join("");

/** The ways to read an answer as server-sent events. */
const faces: readonly (readonly [string, (user: ClientUser, runId: string) => string])[] = [
  ["the REST face", ({ conversationId }) => `/api/chat/${conversationId}`],
  [
    "the typed face",
    (_user, runId) => `/trpc/chat.follow?input=${encodeURIComponent(JSON.stringify({ json: { runId } }))}`,
  ],
];

async function ask(stage: ClientStage): Promise<ClientUser & { readonly runId: string }> {
  const user = await stage.addUser();
  const { runId } = await stage.send(user);
  return { ...user, runId };
}

describe("C05: a reader comes back with the id of the last event it has", () => {
  it.each(faces)("C05: cut at any byte, on %s: not a character is lost or doubled", async (_name, toPath) => {
    await using stage = await setClientStage({ reply: paced });
    const user = await ask(stage);
    const path = toPath(user, user.runId);
    // While it is written, and then out of what is stored.
    const bytes = Buffer.from(await (await user.rest.get(path, sse)).arrayBuffer());
    await sideBySide(everyNth(step, bytes.length + 1), async (length) => {
      const { text, lastEventId } = cutAt(bytes, length);
      const headers = { ...sse, ...(lastEventId !== undefined && { "last-event-id": lastEventId }) };
      const answered = await user.rest.get(path, headers);
      const rest = await answered.text();
      expect([200, 204]).toContain(answered.status);
      expect(text + textOf(readSseEvents(rest))).toBe(whole);
    });
    expect(stage.upstream.calls).toHaveLength(1);
    await stage.judge();
  });

  it("C05: while it is written, event by event, with three readers at once", async () => {
    const gates = pieces.map(() => newRequestId());
    await using stage = await setClientStage({
      reply: {
        steps: [
          role(),
          ...pieces.flatMap((piece, index) => [wait(gates[index] ?? ""), say(piece)]),
          finish(),
        ],
      },
    });
    const user = await ask(stage);
    const reading = Array.from({ length: 3 }, async () => {
      let text = "";
      for (let last: string | undefined; ;) {
        const leaving = new AbortController();
        const options = { signal: leaving.signal, ...(last !== undefined && { lastEventId: last }) };
        for await (const item of user.trpc.subscribe("chat.follow", { runId: user.runId }, options)) {
          if (item.kind !== "event") return text;
          last = item.id;
          if (item.event.type === "text-delta") text += item.event.text;
          break;
        }
        leaving.abort();
      }
    });
    for (const gate of gates) {
      stage.upstream.open(gate);
      await new Promise((resolve) => void setTimeout(resolve, 5));
    }
    expect(await Promise.all(reading)).toEqual([whole, whole, whole]);
    await stage.judge();
  });
});

describe("C06: a reader comes back with an id that is none", () => {
  const other = "run_01m8162cr78f5ff3q8t9eqs0ta";
  const ids = (runId: string) =>
    fc.oneof(
      fc.integer({ min: 1_000, max: Number.MAX_SAFE_INTEGER }).map((position) => `${runId}:${position}`),
      fc.integer({ min: -1_000_000, max: -1 }).map((position) => `${runId}:${position}`),
      fc.string({ maxLength: 60, minLength: 1 }).filter((id) => /^[\x21-\x7e]+$/.test(id)),
      fc.nat().map((position) => `${other}:${position}`),
      fc.constantFrom(`${runId}:01`, `${runId}:1.5`, `${runId}:1e3`, `${runId}:`, runId, `${runId}:0x1`),
      fc.nat({ max: 1e6 }).map((position) => `${runId}:99999999${position}.end`),
    );

  it.each([
    ["has ended", true],
    ["is being written", false],
  ])("C06: of an answer that %s: it is refused, or has nothing more to come", async (_name, hasEnded) => {
    await using stage = await setClientStage({
      reply: { steps: hasEnded ? paced.steps : [role(), say(whole), stall()] },
    });
    const user = await ask(stage);
    const foreign = await ask(stage);
    if (hasEnded) await followRun(user.trpc, user.runId);
    await using socket = await openSocketCaller(stage.backend.url, user.rest.token);
    const check = async (lastEventId: string) => {
      const overRest = await user.rest.get(`/api/chat/${user.conversationId}`, {
        ...sse,
        "last-event-id": lastEventId,
      });
      const body = await overRest.text();
      expect([204, 400, 404], `${lastEventId}: ${body}`).toContain(overRest.status);
      const overHttp: StreamItem[] = [];
      const { runId } = user;
      for await (const item of user.trpc.subscribe("chat.follow", { runId }, { lastEventId }))
        overHttp.push(item);
      const refused = { kind: "error", error: { data: { reason: "invalid_input" } } };
      expect(overHttp).toMatchObject([refused]);
      for await (const item of socket.subscribe("chat.follow", { runId }, lastEventId))
        expect(item).toMatchObject(refused);
    };
    await fc.assert(fc.asyncProperty(ids(user.runId), check), { numRuns: isFullSize ? 1000 : 40 });
    // Somebody else's answer is none of one's own, whatever its id.
    for (const runId of [foreign.runId, other]) {
      const path = `/api/chat/${user.conversationId}`;
      const answered = await user.rest.get(path, { ...sse, "last-event-id": `${runId}:1` });
      expect([answered.status, await answered.json()]).toEqual([404, { error: "There is no such answer." }]);
      for await (const item of user.trpc.subscribe("chat.follow", { runId }, { lastEventId: `${runId}:1` }))
        expect(item).toMatchObject({ kind: "error", error: { data: { reason: "not_found" } } });
    }
    for (const lastEventId of [`${user.runId}:${"1".repeat(1_000_000)}`, "x".repeat(1_000_000)]) {
      const answered = await user.rest
        .get(`/api/chat/${user.conversationId}`, { ...sse, "last-event-id": lastEventId })
        .then(({ status }) => status)
        // Refused before all of it was sent.
        .catch(() => 431);
      expect(answered).toBe(431);
    }
    for (const one of [user, foreign]) await one.trpc.mutate("chat.stop", { runId: one.runId });
    await stage.judge();
  });
});

describe("C07: a reader comes back", () => {
  it("C07: after the end: it is told the rest and the end, and then that there is no more", async () => {
    await using stage = await setClientStage();
    const user = await ask(stage);
    const told = await followRun(user.trpc, user.runId);
    for (const { id } of told.slice(0, -1))
      expect((await followRun(user.trpc, user.runId, id)).at(-1)).toEqual(told.at(-1));
    expect(await followRun(user.trpc, user.runId, told.at(-1)?.id)).toEqual([]);
    const path = `/api/chat/${user.conversationId}`;
    const events = readSseEvents(await (await user.rest.get(path, sse)).text());
    const last = events.at(-1)?.id ?? "";
    expect((await user.rest.get(path, { ...sse, "last-event-id": last })).status).toBe(204);
    await stage.judge();
  });

  it("C07: after the answer is gone: it is not found, on every face, and nobody waits", async () => {
    await using stage = await setClientStage();
    const user = await ask(stage);
    const told = await followRun(user.trpc, user.runId);
    await user.trpc.mutate("conversation.remove", { conversationId: user.conversationId });
    const lastEventId = told[1]?.id ?? "";
    const path = `/api/chat/${user.conversationId}`;
    expect((await user.rest.get(path, { ...sse, "last-event-id": lastEventId })).status).toBe(404);
    for await (const item of user.trpc.subscribe("chat.follow", { runId: user.runId }, { lastEventId }))
      expect(item).toMatchObject({ kind: "error", error: { data: { reason: "not_found" } } });
    await stage.judge();
  });

  it("C07: after the server was killed: it has what was stored, and that it was interrupted", async () => {
    await using upstream = await createFakeUpstream({ reply: { steps: [role(), say(whole), stall()] } });
    await using first = await spawnBackend({ upstreams: [upstream.url] });
    const rest = await registerUser(first.url);
    const trpc = createTrpcCaller(first.url, rest.token);
    const conversationId = await createConversation(rest);
    const { runId } = await trpc.mutate<Started>("chat.send", {
      conversationId,
      requestId: newRequestId(),
      message: "Hi",
    });
    const seen = await readUntilSaid(trpc, runId);
    await until(
      async () => (await readMessages(trpc, conversationId)).at(-1)?.content === whole,
      "the text is seen in the history",
    );
    await new Promise((resolve) => void setTimeout(resolve, 400));
    await first.kill("SIGKILL");
    await using second = await first.restart();
    const again = createTrpcCaller(second.url, rest.token);
    const told = await followRun(again, runId);
    expect([toText(told), told.at(-1)?.event.type]).toEqual([whole, "run-interrupt"]);
    expect((await followRun(again, runId, seen)).map(({ event }) => event.type)).toEqual(["run-interrupt"]);
    const answered = await createRestCaller(second.url, rest.token).get(`/api/chat/${conversationId}`, sse);
    expect(readSseEvents(await answered.text()).map(({ event }) => event)).toEqual(["message", "error"]);
    upstream.setReply(answer("Well again."));
    const input = { conversationId, requestId: newRequestId(), message: "Again" };
    expect(toText(await readToEnd(again.subscribe("chat.stream", input)))).toBe("Well again.");
  });
});

/** Follows until the whole text has come; the id behind it. */
async function readUntilSaid(trpc: ClientUser["trpc"], runId: string): Promise<string> {
  let text = "";
  for await (const item of trpc.subscribe("chat.follow", { runId })) {
    if (item.kind !== "event") break;
    if (item.event.type === "text-delta") text += item.event.text;
    if (text === whole) return item.id;
  }
  throw new Error("The stream broke off.");
}
