import { once } from "node:events";
import { request, type IncomingMessage } from "node:http";
import type { Citation } from "@llm-backend/contract";
import { answer } from "@llm-backend/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readPrompt, setChatStage, type ChatStage, type StageUser } from "../callers/chat-stage.ts";
import { followSse, readBareFrames } from "../callers/frames.ts";
import { createConversation, createRestCaller, type RestCaller } from "../callers/rest-caller.ts";
import { createBase, fillBase, send, trySend, untilSettled } from "./knowledge-stage.ts";

let stage: ChatStage;
let user: StageUser;
let stranger: StageUser;

beforeAll(async () => {
  stage = await setChatStage({
    upstream: { reply: answer(["Red", " ones."]) },
    backend: { config: { knowledge: { file_bytes_max: 200_000 }, rag: { service_addr: "localhost:50051" } } },
  });
  [user, stranger] = [await stage.addUser(), await stage.addUser()];
});
afterAll(() => stage[Symbol.asyncDispose]());

type Body = Readonly<Record<string, unknown>> & { readonly success: boolean; readonly message: string };
const apples = { name: "apples.txt", content: "Red apples are sweet. Green apples are sour." };
const absentKb = `kb_${"0".repeat(26)}`;

async function call(rest: RestCaller, path: string, body?: unknown): Promise<{ status: number; body: Body }> {
  const response = await (body === undefined ? rest.get(path) : rest.post(path, body));
  return { status: response.status, body: (await response.json()) as Body };
}

const post = (path: string, body: unknown, rest = user.rest) => call(rest, `/api/rag/${path}`, body);
const get = (path: string, rest = user.rest) => call(rest, `/api/rag/${path}`);

describe("the calls of knowledge bases", () => {
  it("make, list and delete a base", async () => {
    const made = await post("kb/create", { kb_name: "Fruit" });
    expect(made).toEqual({
      status: 200,
      body: { success: true, message: expect.any(String), kb_id: expect.stringMatching(/^kb_/) },
    });
    const { kb_id: id } = made.body;
    const listed = await get("kb/list");
    expect(listed.status).toBe(200);
    expect(listed.body["kbs"]).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ kb_id: id, kb_name: "Fruit", embedding_model: "builtin-hashed" }),
      ]),
    );
    expect(await post("kb/delete", { kb_id: id })).toMatchObject({ status: 200, body: { success: true } });
    expect(await post("kb/delete", { kb_id: id })).toMatchObject({ status: 404, body: { success: false } });
  });

  it("take a document, list it, find it, and delete it", async () => {
    const kb = await createBase(user.trpc);
    const sent = await send(user.rest, kb, apples);
    expect(sent).toMatchObject({ success: true, doc_id: expect.stringMatching(/^doc_/), file_type: "text" });
    await untilSettled(user.trpc, kb, sent.doc_id);
    const { body } = await get(`doc/list?kb_id=${kb}`);
    expect(body["docs"]).toEqual([
      expect.objectContaining({ doc_id: sent.doc_id, kb_id: kb, doc_name: "apples.txt", file_type: "text" }),
    ]);
    const found = await post("retrieve", { kb_id: kb, query: "sweet apples", top_k: 1 });
    expect(found).toMatchObject({ status: 200, body: { success: true } });
    expect(found.body["results"]).toEqual([
      expect.objectContaining({
        content: apples.content,
        score: expect.any(Number),
        doc_id: sent.doc_id,
        doc_name: "apples.txt",
      }),
    ]);
    const reference = { kb_id: kb, doc_id: sent.doc_id };
    expect(await post("doc/delete", reference)).toMatchObject({ status: 200, body: { success: true } });
    expect((await get(`doc/list?kb_id=${kb}`)).body["docs"]).toEqual([]);
    expect((await post("retrieve", { kb_id: kb, query: "apples" })).body["results"]).toEqual([]);
    expect(await post("doc/delete", reference)).toMatchObject({ status: 404, body: { success: false } });
  });

  it("answer a question from what was retrieved, as the documented stream", async () => {
    const [kb] = await fillBase(user, [apples]);
    const conversationId = await createConversation(user.rest);
    const body = { conversation_id: conversationId, kb_id: kb, message: "Which apples are sweet?", top_k: 1 };
    const response = await user.rest.post("/api/rag/chat", body);
    expect(response.status).toBe(200);
    const frames = readBareFrames(await response.text());
    expect(frames.map(({ event }) => event)).toEqual([...pieces(frames), "done", "full_response"]);
    expect(frames.at(-1)?.data).toBe("Red ones.");
    const asked = stage.upstream.calls.at(-1);
    expect(asked && readPrompt(asked).at(-2)?.content).toContain("Red apples are sweet.");
  });

  it("tell server-sent events apart by their names, citations first", async () => {
    const [kb, docId] = await fillBase(user, [apples]);
    const conversationId = await createConversation(user.rest);
    const body = { conversation_id: conversationId, kb_id: kb, message: "Which apples are sweet?" };
    const response = await user.rest.post("/api/rag/chat/", body, { accept: "text/event-stream" });
    const events = await Array.fromAsync(followSse(response));
    expect(events[0]?.event).toBe("citations");
    const { data } = JSON.parse(events[0]?.data ?? "") as { data: string };
    const told = JSON.parse(data) as { outcome: string; citations: (Citation & { doc_id: string })[] };
    expect(told.outcome).toBe("found");
    expect(told.citations[0]?.doc_id).toBe(docId);
    expect(events.slice(1).map(({ event }) => event)).toEqual([
      ...events.slice(1, -2).map(() => "message"),
      "done",
      "full_response",
    ]);
  });

  it("say which models there are, and that the built-in one goes by words", async () => {
    const { status, body } = await get("models");
    expect(status).toBe(200);
    expect(body["models"]).toEqual(["builtin-hashed"]);
    expect(body.message).toMatch(/lexical/);
  });

  it("let a file be sent again, and replaced by another one of its name", async () => {
    const [kb, docId] = await fillBase(user, [apples]);
    expect(await send(user.rest, kb, apples)).toMatchObject({ doc_id: docId, is_new: false, state: "ready" });
    const pears = { ...apples, content: "Pears are soft." };
    expect(await send(user.rest, kb, pears)).toMatchObject({ doc_id: docId, is_new: true });
    await untilSettled(user.trpc, kb, docId ?? "");
    const { body } = await post("retrieve", { kb_id: kb, query: "apples pears" });
    expect((body["results"] as { content: string }[]).map(({ content }) => content)).toEqual([
      "Pears are soft.",
    ]);
  });
});

describe("a form", () => {
  it("may name the base behind the file", async () => {
    const kb = await createBase(user.trpc);
    const sent = await trySend(user.rest, [
      ["file", apples],
      ["kb_id", kb],
    ]);
    expect(sent.status).toBe(200);
  });

  it.each([
    ["no file", [["kb_id", "kb"]], 400],
    ["no base", [["file", apples]], 400],
    [
      "a base that is none",
      [
        ["kb_id", "5"],
        ["file", apples],
      ],
      404,
    ],
    [
      "two files",
      [
        ["kb_id", "kb"],
        ["file", apples],
        ["file", apples],
      ],
      400,
    ],
    [
      "an empty file",
      [
        ["kb_id", "kb"],
        ["file", { name: "a.txt", content: "" }],
      ],
      400,
    ],
    [
      "a file without a name",
      [
        ["kb_id", "kb"],
        ["file", { name: " ", content: "a" }],
      ],
      400,
    ],
    [
      "a picture",
      [
        ["kb_id", "kb"],
        ["file", { name: "a.png", content: "\x89PNG\r\n" }],
      ],
      422,
    ],
    [
      "a file that is too large",
      [
        ["kb_id", "kb"],
        ["file", { name: "a.txt", content: "a".repeat(300_000) }],
      ],
      413,
    ],
  ] as const)("with %s is refused, in the words of its callers", async (_what, fields, status) => {
    const kb = await createBase(user.trpc);
    const given = fields.map(([name, value]) => [name, value === "kb" ? kb : value] as const);
    const sent = await trySend(user.rest, given);
    const body = (await sent.json()) as Body;
    expect({ status: sent.status, body }).toMatchObject({
      status,
      body: { success: false, error: body.message },
    });
    expect((await get(`doc/list?kb_id=${kb}`)).body["docs"]).toEqual([]);
  });

  it("is refused before it is sent where it says that it is too large", async () => {
    const kb = await createBase(user.trpc);
    const sending = request(`${user.rest.url}/api/rag/doc/upload`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${user.rest.token}`,
        "content-type": "multipart/form-data; boundary=x",
        "content-length": 1_000_000_000,
      },
    });
    const head = (parameters: string) => `--x\r\nContent-Disposition: form-data; ${parameters}\r\n\r\n`;
    sending.write(
      `${head("name=kb_id")}${kb}\r\n${head("name=file; filename=a.txt")}The first of many bytes`,
    );
    const [answered] = (await once(sending, "response")) as [IncomingMessage];
    expect(answered.statusCode).toBe(413);
    sending.on("error", () => undefined).destroy();
  });

  it("is what an upload is: anything else is refused", async () => {
    const sent = await user.rest.request("POST", "/api/rag/doc/upload", { body: { kb_id: "x" } });
    expect(sent.status).toBe(415);
  });
});

describe("a foreign base", () => {
  it("is an absent one, in every call, with one body", async () => {
    const [kb, docId] = await fillBase(user, [apples]);
    const conversationId = await createConversation(stranger.rest);
    const bodyOf = async (id: string) => {
      const rest = stranger.rest;
      const answers = [
        await post("kb/delete", { kb_id: id }, rest),
        await post("kb/update", { kb_id: id, kb_name: "Mine" }, rest),
        await get(`kb/readers?kb_id=${id}`, rest),
        await post("kb/readers/add", { kb_id: id, username: "me" }, rest),
        await get(`doc/list?kb_id=${id}`, rest),
        await post("doc/get", { kb_id: id, doc_id: docId }, rest),
        await post("doc/delete", { kb_id: id, doc_id: docId }, rest),
        await post("doc/retry", { kb_id: id, doc_id: docId }, rest),
        await post("doc/cancel", { kb_id: id, doc_id: docId }, rest),
        await post("retrieve", { kb_id: id, query: "apples" }, rest),
        await post("chat", { conversation_id: conversationId, kb_id: id, message: "Hi" }, rest),
      ];
      const sent = await trySend(rest, [
        ["kb_id", id],
        ["file", apples],
      ]);
      return [...answers, { status: sent.status, body: await sent.json() }];
    };
    const foreign = await bodyOf(kb);
    expect(foreign).toEqual(await bodyOf(absentKb));
    expect(foreign).toEqual(foreign.map(() => foreign[0]));
    expect(foreign[0]).toMatchObject({ status: 404, body: { success: false } });
  });

  it("has no documents under another base's id", async () => {
    const [kb] = await fillBase(user, [apples]);
    const [other, docId] = await fillBase(user, [apples]);
    expect(other).not.toBe(kb);
    expect(await post("doc/get", { kb_id: kb, doc_id: docId })).toMatchObject({ status: 404 });
  });
});

it("asks for a token first", async () => {
  const nobody = createRestCaller(user.rest.url);
  expect(await call(nobody, "/api/rag/kb/list")).toMatchObject({ status: 401, body: { success: false } });
  const sent = await trySend({ url: user.rest.url, token: "none" }, [["file", apples]]);
  expect(sent.status).toBe(401);
});

it.each([
  ["kb/create", {}],
  ["kb/create", { kb_name: "" }],
  ["kb/create", { kb_name: 5 }],
  ["kb/delete", {}],
  ["retrieve", { kb_id: absentKb }],
  ["retrieve", { kb_id: absentKb, query: "a", top_k: 0 }],
  ["retrieve", { kb_id: 5, query: "a" }],
  ["chat", { kb_id: absentKb, message: "a" }],
])("refuses %s with %j", async (path, body) => {
  expect(await post(path, body)).toMatchObject({ status: 400, body: { success: false } });
});

it("does not make a base with a model that there is not", async () => {
  expect(await post("kb/create", { kb_name: "A", embedding_model: "none" })).toMatchObject({ status: 404 });
});

const pieces = (frames: readonly { event: string }[]) =>
  frames.filter(({ event }) => event === "message").map(() => "message");
