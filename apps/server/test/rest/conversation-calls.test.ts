import { createFakeUpstream, startBackend, type FakeUpstream, type TestBackend } from "@llm-backend/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  createConversation,
  createRestCaller,
  readHistory,
  registerUser,
  type RestCaller,
} from "../callers/rest-caller.ts";

let upstream: FakeUpstream;
let backend: TestBackend;
let user: RestCaller;
let other: RestCaller;
let stranger: RestCaller;

beforeAll(async () => {
  upstream = await createFakeUpstream();
  backend = await startBackend({ upstreams: [upstream.url] });
  user = await registerUser(backend.url);
  other = await registerUser(backend.url);
  stranger = createRestCaller(backend.url);
});
afterAll(async () => {
  await backend[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
});

const isNow = (seconds: number) => Math.abs(Date.now() / 1000 - seconds) < 5;

describe("POST /api/conversations/create", () => {
  it("makes a conversation and echoes what was sent, the key included", async () => {
    const answer = await user.post("/api/conversations/create", {
      title: "Rust",
      model: "gpt-4o",
      api_key: "sk-abc",
    });
    expect(answer.status).toBe(200);
    const body = (await answer.json()) as Record<string, unknown>;
    expect(body).toEqual({
      conversation_id: expect.any(Number),
      title: "Rust",
      model: "gpt-4o",
      api_key: "sk-abc",
      created_time: expect.any(Number),
    });
    expect(Number.isSafeInteger(body.conversation_id)).toBe(true);
    expect(Number.isInteger(body.created_time)).toBe(true);
    expect(isNow(body.created_time as number)).toBe(true);
  });

  it.each([[undefined], [null], [""], ["  "]])("takes the key %j for none", async (key) => {
    const answer = await user.post("/api/conversations/create", { title: "T", model: "m", api_key: key });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ api_key: "" });
  });

  it.each([
    ["without a body", undefined],
    ["without a title", { model: "m" }],
    ["without a model", { title: "T" }],
    ["with an empty title", { title: "", model: "m" }],
    ["with an empty model", { title: "T", model: "" }],
    ["with a title of 501 characters", { title: "x".repeat(501), model: "m" }],
    ["with a key that no header carries", { title: "T", model: "m", api_key: "sk\r\nx: y" }],
    ["with a number for a key", { title: "T", model: "m", api_key: 5 }],
    ["with bad JSON", "{title}"],
  ])("answers 400 %s", async (_name, body) => {
    const answer = await user.post("/api/conversations/create", body);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toEqual({ error: expect.stringMatching(/./) });
  });

  it("answers 401 before it looks at the body", async () => {
    expect((await stranger.post("/api/conversations/create", "{")).status).toBe(401);
  });
});

describe("GET /api/conversations/list", () => {
  it("is an empty array where there is none", async () => {
    const fresh = await registerUser(backend.url);
    const answer = await fresh.get("/api/conversations/list");
    expect(answer.status).toBe(200);
    expect(await answer.text()).toBe("[]");
  });

  it("shows all conversations of the user, newest first, and no other's", async () => {
    const fresh = await registerUser(backend.url);
    const ids: number[] = [];
    for (let index = 0; index < 101; index++)
      ids.push(await createConversation(fresh, { title: `T${index}` }));
    const rows = (await (await fresh.get("/api/conversations/list")).json()) as Record<string, unknown>[];
    expect(rows.map((row) => row.conversation_id)).toEqual(ids.toReversed());
    expect(rows[0]).toEqual({ conversation_id: ids.at(-1), title: "T100", created_time: expect.any(Number) });
  });

  it("answers 401 without a token", async () => {
    const answer = await stranger.get("/api/conversations/list");
    expect(answer.status).toBe(401);
    expect(await answer.json()).toEqual({ error: expect.stringMatching(/./) });
  });
});

describe("GET /api/conversations/history/:conversation_id", () => {
  it("shows title, model and all messages, counted from 1, without the system's", async () => {
    const id = await createConversation(user, { title: "T", model: "m" });
    for (const message of ["one", "two"]) await (await user.post(`/api/chat/${id}`, { message })).text();
    const answer = await user.get(`/api/conversations/history/${id}`);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({
      conversation_id: id,
      title: "T",
      model: "m",
      messages: [
        { role: "user", content: "one", message_id: 1 },
        { role: "assistant", content: "Hello world", message_id: 2 },
        { role: "user", content: "two", message_id: 3 },
        { role: "assistant", content: "Hello world", message_id: 4 },
      ],
      created_time: expect.any(Number),
    });
  });

  it("is empty for a new conversation", async () => {
    expect(await readHistory(user, await createConversation(user))).toEqual([]);
  });

  it("shows a conversation of more messages than one page holds", async () => {
    const id = await createConversation(user);
    for (let turn = 0; turn < 101; turn++)
      await (await user.post(`/api/chat/${id}`, { message: `turn ${turn}` })).text();
    const messages = await readHistory(user, id);
    expect(messages.map((message) => message.message_id)).toEqual(
      Array.from({ length: 202 }, (_, index) => index + 1),
    );
    expect(messages.at(-2)?.content).toBe("turn 100");
  });
});

describe("POST /api/conversations/del/:conversation_id", () => {
  it("removes the conversation with everything in it", async () => {
    const id = await createConversation(user);
    await (await user.post(`/api/chat/${id}`, { message: "a canary named b7f3" })).text();
    const answer = await user.post(`/api/conversations/del/${id}`);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({ message: "Conversation deleted successfully" });
    expect((await user.get(`/api/conversations/history/${id}`)).status).toBe(404);
    expect((await user.post(`/api/chat/${id}`, { message: "more" })).status).toBe(404);
    expect((await user.post(`/api/conversations/del/${id}`)).status).toBe(404);
    const rows = (await (await user.get("/api/conversations/list")).json()) as { conversation_id: number }[];
    expect(rows.some((row) => row.conversation_id === id)).toBe(false);
  });

  it("leaves a foreign conversation alone", async () => {
    const id = await createConversation(user);
    expect((await other.post(`/api/conversations/del/${id}`)).status).toBe(404);
    expect((await user.get(`/api/conversations/history/${id}`)).status).toBe(200);
  });
});

/** All calls that name a conversation. */
const calls: readonly [method: string, prefix: string, body: unknown][] = [
  ["GET", "/api/conversations/history/", undefined],
  ["POST", "/api/conversations/del/", undefined],
  ["POST", "/api/chat/", { message: "hi" }],
  ["GET", "/api/chat/", undefined],
];

describe.each(calls)("%s %s:conversation_id", (method, prefix, body) => {
  const call = (caller: RestCaller, id: string) =>
    caller.request(method, `${prefix}${id}`, body === undefined ? {} : { body });

  it.each(["abc", "1.5", "1e3", "0x10", "1a", "%20", "null", "1,2", "%27%20or%201=1--", "\u0661"])(
    "answers 400 to the id %s, which is no integer",
    async (id) => {
      const answer = await call(user, id);
      expect(answer.status).toBe(400);
      expect(await answer.json()).toEqual({ error: expect.stringMatching(/./) });
    },
  );

  it("answers every integer that is not the user's with one and the same 404", async () => {
    const foreign = await createConversation(other);
    const ids = [foreign, 1, 0, -1, Number.MAX_SAFE_INTEGER, "9007199254740993", "9".repeat(400), "00001"];
    const texts = new Set<string>();
    for (const id of ids) {
      const answer = await call(user, String(id));
      expect(answer.status).toBe(404);
      texts.add(await answer.text());
    }
    expect([...texts]).toEqual(['{"error":"There is no such conversation."}']);
  });

  it("answers 401 to a stranger, whatever the id", async () => {
    for (const id of ["abc", "1", String(await createConversation(user))]) {
      expect((await call(stranger, id)).status).toBe(401);
    }
  });

  it("answers the same with a slash at its end", async () => {
    expect((await call(user, "abc/")).status).toBe(400);
    expect((await call(user, "1/")).status).toBe(404);
  });
});

describe("paths", () => {
  it.each([
    ["POST", "/api/users/register/", 400],
    ["POST", "/api/users/login/", 400],
    ["GET", "/api/conversations/list/", 200],
    ["POST", "/api/conversations/create/", 400],
  ])("answer the same with a slash at their end: %s %s", async (method, path, status) => {
    expect((await user.request(method, path)).status).toBe(status);
    expect((await user.request(method, path.slice(0, -1))).status).toBe(status);
  });

  it.each(["/api/nothing", "/api", "/api/", "/api/chat", "/api/conversations/history/"])(
    "answer 404 in the face's own words where there is none: %s",
    async (path) => {
      const answer = await user.get(path);
      expect(answer.status).toBe(404);
      expect(await answer.json()).toEqual({ error: expect.stringMatching(/./) });
    },
  );

  it("answer 400 in the face's own words to a broken escape", async () => {
    for (const path of ["/api/chat/%zz", "/api/conversations/history/%", "/%c3%28"]) {
      const answer = await user.get(path);
      const { status } = answer;
      const body: unknown = await answer.json();
      expect({ path, status, body }).toEqual({
        path,
        status: 400,
        body: { error: "The path is not valid." },
      });
    }
  });
});
