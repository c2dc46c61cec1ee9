import { answer, finish, role, say, wait, type Reply } from "@llm-backend/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { setChatStage, until, type ChatStage, type StageUser } from "../callers/chat-stage.ts";
import { readSseEvents } from "../callers/frames.ts";
import { createConversation, readHistory } from "../callers/rest-caller.ts";

type Message = {
  readonly id: string;
  readonly parent_id: string | null;
  readonly role: string;
  readonly content: string;
  readonly finish_reason: string | null;
  readonly state: string | null;
  readonly version_ids: readonly string[];
};

let stage: ChatStage;
let user: StageUser;

beforeAll(async () => {
  stage = await setChatStage();
  user = await stage.addUser();
});
afterAll(() => stage[Symbol.asyncDispose]());

const sse = { accept: "text/event-stream" };

/** Posts, and reads the whole answer as its last frame has it. */
async function stream(path: string, reply: Reply, body: unknown, headers = {}): Promise<string> {
  stage.upstream.enqueue(reply);
  const response = await user.rest.post(path, body, { ...sse, ...headers });
  expect(response.status).toBe(200);
  const last = readSseEvents(await response.text()).at(-1);
  const frame = JSON.parse(last?.data ?? "{}") as { event: string; data: string };
  expect(frame.event).toBe("full_response");
  return frame.data;
}

async function readBranch(conversationId: number): Promise<readonly Message[]> {
  const response = await user.rest.get(`/api/conversations/branch/${conversationId}`);
  expect(response.status).toBe(200);
  return ((await response.json()) as { messages: Message[] }).messages;
}

async function postJson(path: string, body: unknown, headers = {}): Promise<Record<string, unknown>> {
  const response = await user.rest.post(path, body, headers);
  expect(response.status).toBe(200);
  return (await response.json()) as Record<string, unknown>;
}

describe("branches over REST", () => {
  it("are read with the ids that every other call takes", async () => {
    const id = await createConversation(user.rest);
    await stream(`/api/chat/${id}`, answer("one"), { message: "What?" });
    const [question, first] = await readBranch(id);
    expect(question).toMatchObject({ role: "user", content: "What?", parent_id: null, state: null });
    expect(first).toMatchObject({ parent_id: question?.id, finish_reason: "stop", state: "done" });

    const again = { message_id: first?.id, model: "another-model" };
    expect(await stream(`/api/chat/regenerate/${id}`, answer("two"), again)).toBe("two");
    expect(stage.upstream.calls.at(-1)?.body).toMatchObject({ model: "another-model" });
    expect((await readHistory(user.rest, id)).map(({ content }) => content)).toEqual(["What?", "two"]);

    const selected = await postJson(`/api/conversations/select/${id}`, { message_id: first?.id });
    expect(selected).toEqual({ conversation_id: id, last_message_id: first?.id });
    expect((await readBranch(id)).at(-1)).toMatchObject({
      content: "one",
      version_ids: [first?.id, expect.any(String)],
    });

    const edited = { message_id: question?.id, message: "Why?" };
    expect(await stream(`/api/chat/edit/${id}`, answer("three"), edited)).toBe("three");
    expect((await readHistory(user.rest, id)).map(({ content }) => content)).toEqual(["Why?", "three"]);
  });

  it("are forked, once for each key", async () => {
    const id = await createConversation(user.rest, { title: "Source" });
    await stream(`/api/chat/${id}`, answer("one"), { message: "What?" });
    const [question] = await readBranch(id);
    const key = { "idempotency-key": `fork-of-${id}` };
    const fork = await postJson(`/api/conversations/fork/${id}`, { message_id: question?.id }, key);
    expect(fork).toMatchObject({ title: "Source", model: "a-model" });
    expect(await postJson(`/api/conversations/fork/${id}`, { message_id: question?.id }, key)).toEqual(fork);
    const copies = await readHistory(user.rest, fork.conversation_id as number);
    expect(copies.map(({ content }) => content)).toEqual(["What?"]);
    const other = { message_id: question?.id, title: "Else" };
    expect((await user.rest.post(`/api/conversations/fork/${id}`, other, key)).status).toBe(409);
  });

  it("go on where an answer was cut, and resume like every stream", async () => {
    const id = await createConversation(user.rest);
    const path = `/api/chat/continue/${id}`;
    const cutOff = { steps: [role(), say("Once upon"), finish({ reason: "length" })] };
    await stream(`/api/chat/${id}`, cutOff, { message: "Tell me." });
    const first = (await readBranch(id)).at(-1);
    const key = { "idempotency-key": `continue-${id}` };
    stage.upstream.enqueue(answer(" a time."));
    const body = { message_id: first?.id };
    const events = readSseEvents(await (await user.rest.post(path, body, { ...sse, ...key })).text());
    expect(JSON.parse(events.at(-1)?.data ?? "")).toMatchObject({ data: "Once upon a time." });
    for (const headers of [key, { "last-event-id": events[0]?.id ?? "" }]) {
      const rest = readSseEvents(await (await user.rest.post(path, body, { ...sse, ...headers })).text());
      expect(rest.at(-1)).toEqual(events.at(-1));
    }
    const complete = (await readBranch(id)).at(-1);
    expect(complete?.version_ids).toEqual([first?.id, complete?.id]);
    const refused = await user.rest.post(path, { message_id: complete?.id });
    expect([refused.status, await refused.json()]).toEqual([
      400,
      { error: expect.stringMatching(/complete/) },
    ]);
  });

  it("are left alone by a wrong policy, and stop by a right one when their caller leaves", async () => {
    const id = await createConversation(user.rest);
    for (const on_disconnect of ["stop", { grace_ms: -1 }, { grace_ms: 1, more: 2 }, null]) {
      const refused = await user.rest.post(`/api/chat/${id}`, { message: "hi", on_disconnect });
      expect(refused.status).toBe(400);
    }
    for (const on_disconnect of ["cancel", { grace_ms: 500 }]) {
      const calls = stage.upstream.calls.length;
      stage.upstream.enqueue({ steps: [role(), say("Half"), wait("never"), finish()] });
      const leaving = new AbortController();
      const input = { body: { message: "hi", on_disconnect }, signal: leaving.signal };
      const response = await user.rest.request("POST", `/api/chat/${id}`, input);
      await response.body?.getReader().read();
      leaving.abort();
      expect((await stage.upstream.calls[calls]?.closed)?.by).toBe("client");
      await until(async () => (await readBranch(id)).at(-1)?.state === "stopped", "the stop");
      expect((await readBranch(id)).at(-1)?.content).toBe("Half");
    }
  });
});
