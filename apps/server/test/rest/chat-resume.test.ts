import { finish, role, say, think, wait, type Reply } from "@llm-backend/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { setChatStage, until, type ChatStage, type StageUser } from "../callers/chat-stage.ts";
import { followSse, readSseEvents, type SseEvent } from "../callers/frames.ts";
import { createConversation, readHistory } from "../callers/rest-caller.ts";

let stage: ChatStage;
let user: StageUser;
let other: StageUser;

beforeAll(async () => {
  stage = await setChatStage();
  user = await stage.addUser();
  other = await stage.addUser();
});
afterAll(() => stage[Symbol.asyncDispose]());

const sse = { accept: "text/event-stream" };

/** Everything behind an event, joined: how it is cut into pieces is not the follower's business. */
function toBytes(events: readonly SseEvent[]): string {
  const frames = events.map(({ data }) => JSON.parse(data) as { event: string; data: string });
  const pieces = frames.filter(({ event }) => event === "message").map(({ data }) => data);
  return JSON.stringify([pieces.join(""), frames.filter(({ event }) => event !== "message")]);
}

/** Asks once and reads the whole stream. */
async function ask(reply: Reply): Promise<{ conversationId: number; path: string; events: SseEvent[] }> {
  const conversationId = await createConversation(user.rest);
  const path = `/api/chat/${conversationId}`;
  stage.upstream.enqueue(reply);
  const response = await user.rest.post(path, { message: "hi" }, sse);
  return { conversationId, path, events: readSseEvents(await response.text()) };
}

const pieces = ["Once ", "upon ", "a \u{1f600} ", "time", "."];
const paced: Reply = {
  steps: [role(), think("hm"), ...pieces.flatMap((piece) => [wait(5), say(piece)]), finish()],
};

describe("a stream that has ended", () => {
  it("goes on behind every frame, asked again with POST as with GET", async () => {
    const { conversationId, path, events } = await ask(paced);
    const calls = stage.upstream.calls.length;
    for (const [index, { id }] of events.entries()) {
      for (const method of ["GET", "POST"]) {
        const response = await user.rest.request(method, path, {
          headers: { ...sse, "last-event-id": id ?? "" },
          ...(method === "GET" ? {} : { body: { message: "hi" } }),
        });
        const isLast = index === events.length - 1;
        expect(response.status).toBe(isLast ? 204 : 200);
        const rest = readSseEvents(await response.text());
        expect(toBytes(rest)).toBe(toBytes(events.slice(index + 1)));
        if (!isLast) expect(rest.at(-1)?.id).toBe(events.at(-1)?.id);
      }
    }
    expect(stage.upstream.calls.length).toBe(calls);
    expect(await readHistory(user.rest, conversationId)).toHaveLength(2);
  });

  it("goes on from every position, also inside of a piece", async () => {
    const { path, events } = await ask(paced);
    const [runId = "", last = ""] = events.at(-2)?.id?.split(":") ?? [];
    const text = pieces.join("");
    // `run-start` is position 1, and the two characters of reasoning follow it.
    for (let position = 0; position <= Number(last); position++) {
      const response = await user.rest.get(path, { ...sse, "last-event-id": `${runId}:${position}` });
      const seen = Math.min(text.length, Math.max(0, position - 3));
      // A position between the halves of a character is nobody's; it is answered with the whole character.
      if (text.charCodeAt(seen) >= 0xdc00 && text.charCodeAt(seen) <= 0xdfff) continue;
      const frames = readSseEvents(await response.text()).map(
        ({ data }) => JSON.parse(data) as { event: string; data: string },
      );
      const rest = frames.filter(({ event }) => event === "message").map(({ data }) => data);
      expect(rest.join("")).toBe(text.slice(seen));
      expect(frames.at(-1)).toEqual({ event: "full_response", data: text });
    }
  });

  it("is streamed whole to whoever asks without an id", async () => {
    const { path, events } = await ask(paced);
    const response = await user.rest.get(path, sse);
    expect(toBytes(readSseEvents(await response.text()))).toBe(toBytes(events));
  });

  it("is there in the other forms as well", async () => {
    const { path, events } = await ask(paced);
    const response = await user.rest.get(path, { "last-event-id": events[0]?.id ?? "" });
    expect(await response.text()).toContain(`{"event":"full_response","data":"${pieces.join("")}"}\n\n`);
  });

  it("goes on after a restart of the server", async () => {
    await using first = await setChatStage();
    const owner = await first.addConversation();
    first.upstream.setReply(paced);
    const path = `/api/chat/${owner.conversationId}`;
    const events = readSseEvents(await (await owner.rest.post(path, { message: "hi" }, sse)).text());
    await first.backend.server.stop();
    await using second = await setChatStage({ backend: { folder: first.backend.folder } });
    for (const [index, { id }] of events.entries()) {
      const response = await fetch(`${second.backend.url}${path}`, {
        headers: { ...sse, authorization: `Bearer ${owner.rest.token}`, "last-event-id": id ?? "" },
      });
      expect(response.status).toBe(index === events.length - 1 ? 204 : 200);
      expect(toBytes(readSseEvents(await response.text()))).toBe(toBytes(events.slice(index + 1)));
    }
    expect(second.upstream.calls).toHaveLength(0);
  });
});

describe("a stream that is live", () => {
  it("goes on behind every frame for a caller that was cut off there, and is asked of the upstream once", async () => {
    const conversationId = await createConversation(user.rest);
    const path = `/api/chat/${conversationId}`;
    const gates = pieces.map((_, index) => `live-${conversationId}-${index}`);
    const calls = stage.upstream.calls.length;
    stage.upstream.enqueue({
      steps: [...pieces.flatMap((piece, index) => [wait(gates[index] ?? ""), say(piece)]), finish()],
    });
    let lastEventId: string | undefined;
    let text = "";
    for (const [index, gate] of gates.entries()) {
      const leaving = new AbortController();
      const request = user.rest.request("POST", path, {
        body: { message: "hi" },
        headers: { ...sse, ...(lastEventId === undefined ? {} : { "last-event-id": lastEventId }) },
        signal: leaving.signal,
      });
      if (index === 0) await until(() => stage.upstream.calls.length > calls, "the upstream is asked");
      stage.upstream.open(gate);
      for await (const { id, data } of followSse(await request)) {
        lastEventId = id;
        text += (JSON.parse(data) as { data: string }).data;
        break;
      }
      leaving.abort();
    }
    const response = await user.rest.get(path, { ...sse, "last-event-id": lastEventId ?? "" });
    const rest = readSseEvents(await response.text());
    expect(text).toBe(pieces.join(""));
    expect(rest.map(({ event }) => event)).toEqual(["done", "full_response"]);
    expect(stage.upstream.calls.length).toBe(calls + 1);
    expect((await readHistory(user.rest, conversationId)).map(({ content }) => content)).toEqual([
      "hi",
      text,
    ]);
  });
});

describe("an id to resume from", () => {
  const nonsense = [
    ["nonsense", "nonsense"],
    ["a number", "5"],
    ["a run without a position", "run_01m8162cr78f5ff3q8t9eqs0ta"],
    ["a negative position", "run_01m8162cr78f5ff3q8t9eqs0ta:-1"],
    ["a position of 30 digits", `run_01m8162cr78f5ff3q8t9eqs0ta:${"9".repeat(30)}`],
    ["10 KB", "x".repeat(10_000)],
    ["SQL", "' or 1=1 --"],
  ] as const;
  it.each(nonsense)("that is %s is answered with 400", async (_name, id) => {
    const { path } = await ask(paced);
    for (const method of ["GET", "POST"]) {
      const response = await user.rest.request(method, path, {
        headers: { ...sse, "last-event-id": id },
        ...(method === "GET" ? {} : { body: { message: "hi" } }),
      });
      expect(response.status).toBe(400);
      expect(await response.json()).toEqual({ error: expect.stringMatching(/./) });
    }
  });

  it("of a foreign, an absent and another conversation's run are answered with the same 404", async () => {
    const mine = await ask(paced);
    const another = await ask(paced);
    const conversationId = await createConversation(other.rest);
    const foreign = readSseEvents(
      await (await other.rest.post(`/api/chat/${conversationId}`, { message: "hi" }, sse)).text(),
    );
    const ids = [foreign[0]?.id, "run_01m8162cr78f5ff3q8t9eqs0ta:1", another.events[0]?.id];
    const texts = new Set<string>();
    for (const id of ids) {
      const response = await user.rest.get(mine.path, { ...sse, "last-event-id": id ?? "" });
      expect(response.status).toBe(404);
      texts.add(await response.text());
    }
    expect([...texts]).toEqual(['{"error":"There is no such answer."}']);
  });

  it("that comes with another message is refused with 409: no message is lost without a word", async () => {
    const { conversationId, path, events } = await ask(paced);
    for (const { id } of events) {
      const headers = { ...sse, "last-event-id": id ?? "" };
      const refused = await user.rest.post(path, { message: "something else" }, headers);
      expect(refused.status).toBe(409);
      expect(await refused.json()).toEqual({ error: expect.stringContaining("Last-Event-ID") });
      expect((await user.rest.request("POST", path, { headers })).status).toBeLessThan(300);
    }
    expect(await readHistory(user.rest, conversationId)).toHaveLength(2);
  });

  it("behind the end of the answer is answered with 400", async () => {
    const { path, events } = await ask(paced);
    const [runId = "", last = ""] = events.at(-2)?.id?.split(":") ?? [];
    const response = await user.rest.get(path, { ...sse, "last-event-id": `${runId}:${Number(last) + 1}` });
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({ error: expect.stringMatching(/./) });
  });
});

describe("a broken answer", () => {
  it("never passes for a whole one, wherever a caller says it stands", async () => {
    const { path, events } = await ask({ steps: [role(), say("Half"), wait(5)] });
    const [runId = "", last = ""] = events.at(-1)?.id?.replace(".end", "").split(":") ?? [];
    for (let position = 0; position <= Number(last); position++) {
      const response = await user.rest.get(path, { ...sse, "last-event-id": `${runId}:${position}` });
      const rest = readSseEvents(await response.text());
      expect(rest.at(-1)?.event).toBe("error");
      expect(rest.filter(({ event }) => event !== "message")).toHaveLength(1);
    }
    expect((await user.rest.get(path, { ...sse, "last-event-id": events.at(-1)?.id ?? "" })).status).toBe(
      204,
    );
  });
});

describe("Idempotency-Key", () => {
  const post = (path: string, key: string, message = "hi") =>
    user.rest.post(path, { message }, { ...sse, "idempotency-key": key });

  it("joins the answer that it started, however often and at once it is sent", async () => {
    const conversationId = await createConversation(user.rest);
    const path = `/api/chat/${conversationId}`;
    const calls = stage.upstream.calls.length;
    stage.upstream.enqueue(paced);
    const streams = await Promise.all(
      Array.from({ length: 6 }, async () =>
        readSseEvents(await (await post(path, `key-${conversationId}`)).text()),
      ),
    );
    const later = readSseEvents(await (await post(path, `key-${conversationId}`)).text());
    for (const events of [...streams, later]) {
      expect(toBytes(events)).toBe(toBytes(streams[0] ?? []));
      expect(events.at(-1)?.id).toBe(streams[0]?.at(-1)?.id);
    }
    expect(stage.upstream.calls.length).toBe(calls + 1);
    expect(await readHistory(user.rest, conversationId)).toHaveLength(2);
  });

  it("is refused with 409 for another message and in another conversation", async () => {
    const conversationId = await createConversation(user.rest);
    const path = `/api/chat/${conversationId}`;
    const key = `key-${conversationId}`;
    await (await post(path, key)).text();
    const elsewhere = `/api/chat/${await createConversation(user.rest)}`;
    for (const response of [await post(path, key, "something else"), await post(elsewhere, key)]) {
      expect(response.status).toBe(409);
      expect(await response.json()).toEqual({ error: expect.stringMatching(/./) });
    }
    expect(await readHistory(user.rest, conversationId)).toHaveLength(2);
  });

  it("belongs to its user: the same key of another user is another key", async () => {
    const mine = await createConversation(user.rest);
    const theirs = await createConversation(other.rest);
    await (await post(`/api/chat/${mine}`, `key-${mine}`)).text();
    const response = await other.rest.post(
      `/api/chat/${theirs}`,
      { message: "hi" },
      { "idempotency-key": `key-${mine}` },
    );
    expect(response.status).toBe(200);
    await response.text();
    expect(await readHistory(other.rest, theirs)).toHaveLength(2);
  });

  it.each([
    ["with a blank", "a b"],
    ["of 256 characters", "x".repeat(256)],
    ["that is empty", ""],
  ])("%s is answered with 400", async (_name, key) => {
    const conversationId = await createConversation(user.rest);
    const response = await post(`/api/chat/${conversationId}`, key);
    expect(response.status).toBe(400);
    expect(await readHistory(user.rest, conversationId)).toEqual([]);
  });

  it("that is not sent makes a message of each request", async () => {
    const conversationId = await createConversation(user.rest);
    for (let index = 0; index < 2; index++)
      await (await user.rest.post(`/api/chat/${conversationId}`, { message: "hi" })).text();
    expect(await readHistory(user.rest, conversationId)).toHaveLength(4);
  });
});

describe("GET /api/chat/:conversation_id", () => {
  it("answers 404 where there is no answer yet", async () => {
    const response = await user.rest.get(`/api/chat/${await createConversation(user.rest)}`);
    expect(response.status).toBe(404);
    expect(await response.json()).toEqual({ error: "This conversation has no answer yet." });
  });
});
