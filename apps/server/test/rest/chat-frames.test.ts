import { answer, fail, finish, reset, role, say, think, wait, type Reply } from "@llm-backend/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readPrompt, setChatStage, until, type ChatStage, type StageUser } from "../callers/chat-stage.ts";
import { readBareFrames, readSseEvents, toText } from "../callers/frames.ts";
import { createConversation, createRestCaller, readHistory } from "../callers/rest-caller.ts";

let stage: ChatStage;
let asker: StageUser;

beforeAll(async () => {
  stage = await setChatStage();
  asker = await stage.addUser();
});
afterAll(() => stage[Symbol.asyncDispose]());

const newConversation = async () => ({ ...asker, conversationId: await createConversation(asker.rest) });

/** A new conversation, asked once; the answer's frames as text. */
async function ask(reply: Reply, headers: Readonly<Record<string, string>> = {}) {
  const user = await newConversation();
  stage.upstream.enqueue(reply);
  const response = await user.rest.post(`/api/chat/${user.conversationId}`, { message: "What?" }, headers);
  return { ...user, response, text: await response.text() };
}

/** A reply whose pieces reach the server in reads of their own. */
const inPieces = (pieces: readonly string[]): Reply => ({
  steps: [role(), ...pieces.flatMap((piece) => [say(piece), wait(20)]), finish()],
});

describe("the chat stream", () => {
  it("is bare JSON objects with a blank line between them, to the byte", async () => {
    const { response, text } = await ask(inPieces(["R", "ust"]));
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    expect(response.headers.get("cache-control")).toBe("no-cache");
    expect(text).toBe(
      '{"event":"message","data":"R"}\n\n' +
        '{"event":"message","data":"ust"}\n\n' +
        '{"event":"done","data":"Stream finished"}\n\n' +
        '{"event":"full_response","data":"Rust"}\n\n',
    );
  });

  it("is server-sent events that say the same for whoever accepts those alone, to the byte", async () => {
    const { text } = await ask(inPieces(["R", "ust"]), { accept: "text/event-stream" });
    const [, retryMs, runId] = /^retry: (\d+)\nid: (run_\w{26}):/.exec(text) ?? [];
    // Position 1 is behind `run-start`; each UTF-16 code unit counts one, and so does every other event.
    expect(text).toBe(
      // How long to wait before coming back is another time for each reader.
      `retry: ${retryMs}\nid: ${runId}:2\nevent: message\ndata: {"event":"message","data":"R"}\n\n` +
        `id: ${runId}:5\nevent: message\ndata: {"event":"message","data":"ust"}\n\n` +
        `id: ${runId}:6\nevent: done\ndata: {"event":"done","data":"Stream finished"}\n\n` +
        `id: ${runId}:6.end\nevent: full_response\ndata: {"event":"full_response","data":"Rust"}\n\n`,
    );
  });

  it("is one object a line for whoever accepts that, to the byte", async () => {
    const { response, text } = await ask(inPieces(["R", "ust"]), { accept: "application/x-ndjson" });
    expect(response.headers.get("content-type")).toBe("application/x-ndjson");
    expect(text).toBe(
      '{"event":"message","data":"R"}\n{"event":"message","data":"ust"}\n' +
        '{"event":"done","data":"Stream finished"}\n{"event":"full_response","data":"Rust"}\n',
    );
  });

  const texts = [
    ["quotes", "He said \"no\" and 'yes'."],
    ["line feeds", "one\ntwo\r\nthree\rfour\n\n\nfive"],
    ["what looks like a frame", '\n\n{"event":"done","data":"x"}\n\ndata: y\nid: z\n\n'],
    ["Chinese", "\u4f60\u597d\uff0c\u4e16\u754c\u3002"],
    ["emoji", "\u{1f468}\u200d\u{1f469}\u200d\u{1f467} \u{1f600}\u{1f3fd}"],
    ["backslashes", String.raw`C:\new\table \u0041 \\`],
    ["line separators", "a\u2028b\u2029c\u0085d"],
    ["control characters", "a\u0001b\u001fc\u007fd\te"],
    ["a byte order mark", "\ufeffa\ufeff"],
    ["right-to-left", "\u0634\u0643\u0631\u0627 \u202etxt"],
  ] as const;
  it.each(texts)("carries %s unharmed in every form, and stores the same", async (_name, content) => {
    const pieces = content.match(/.{1,7}/gsu) ?? [];
    const reply: Reply = { steps: [role(), say(pieces, { apart: true }), finish()] };
    for (const accept of ["*/*", "text/event-stream", "application/x-ndjson"]) {
      const { rest, conversationId, text } = await ask(reply, { accept });
      const read = {
        "*/*": () => readBareFrames(text),
        "text/event-stream": () =>
          readSseEvents(text).map(({ data }) => JSON.parse(data) as { event: string; data: string }),
        "application/x-ndjson": () =>
          text
            .split("\n")
            .slice(0, -1)
            .map((line) => JSON.parse(line) as { event: string; data: string }),
      };
      const frames = read[accept as keyof typeof read]();
      expect(toText(frames)).toBe(content);
      expect(frames.at(-1)).toEqual({ event: "full_response", data: content });
      expect((await readHistory(rest, conversationId)).at(-1)?.content).toBe(content);
    }
  });

  it.each(texts)("takes a message of %s and passes it on as it is", async (_name, message) => {
    const user = await newConversation();
    await (await user.rest.post(`/api/chat/${user.conversationId}`, { message })).text();
    const call = stage.upstream.calls.at(-1);
    expect(call && readPrompt(call).at(-1)).toEqual({ role: "user", content: message });
    expect((await readHistory(user.rest, user.conversationId))[0]?.content).toBe(message);
  });

  it("sends each piece when it arrives", async () => {
    const user = await newConversation();
    const gate = `piece-${user.conversationId}`;
    stage.upstream.enqueue({ steps: [role(), say("first"), wait(gate), say(" second"), finish()] });
    const response = await user.rest.post(`/api/chat/${user.conversationId}`, { message: "hi" });
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    expect((await reader?.read())?.value).toBe('{"event":"message","data":"first"}\n\n');
    stage.upstream.open(gate);
    let rest = "";
    for (let part = await reader?.read(); part?.done === false; part = await reader?.read())
      rest += part.value;
    expect(readBareFrames(rest).map(({ event }) => event)).toEqual(["message", "done", "full_response"]);
  });

  it("leaves out what the model only thought", async () => {
    const { text, rest, conversationId } = await ask({
      steps: [think("hmm"), say("Yes"), think("?"), finish()],
    });
    expect(text).not.toContain("hmm");
    expect(readBareFrames(text).at(-1)?.data).toBe("Yes");
    expect((await readHistory(rest, conversationId)).at(-1)?.content).toBe("Yes");
  });

  it("ends an empty answer as every other", async () => {
    const { response, text } = await ask({ steps: [role(), finish()] });
    expect(response.status).toBe(200);
    expect(text).toBe('{"event":"done","data":"Stream finished"}\n\n{"event":"full_response","data":""}\n\n');
  });

  it("asks the upstreams of the configuration, with their key", async () => {
    await ask(answer("ok"));
    expect(stage.upstream.calls.at(-1)?.headers.authorization).toBe("Bearer sk-server-key-of-the-tests");
  });
});

describe("an answer that could not be started", () => {
  const cases: readonly [name: string, reply: Reply, status: number][] = [
    ["a server error", fail(500), 502],
    [
      "a refused key",
      fail(401, { error: { message: "Incorrect API key provided: sk-server-key-of-the-tests" } }),
      502,
    ],
    ["a rate limit", fail(429, { error: { message: "slow down" } }), 503],
    ["a used-up quota", fail(429, { error: { message: "no money", code: "insufficient_quota" } }), 503],
    ["a refused request", fail(422, { error: { message: "no such parameter" } }), 502],
    ["a reset connection", { steps: [{ do: "head" }, wait(5), reset()] }, 502],
    ["an empty page", { headers: { "content-type": "text/html" }, steps: [] }, 502],
    [
      "an error in the stream",
      { steps: [{ do: "event", data: { error: { message: "overloaded", code: 529 } } }] },
      502,
    ],
  ];
  it.each(cases)("for %s is a status and one sentence", async (_name, reply, status) => {
    const { response, text, rest, conversationId } = await ask(reply);
    // An overloaded provider is told from a broken one; both are statuses of the contract.
    expect([status, 503]).toContain(response.status);
    expect(response.headers.get("content-type")).toMatch(/^application\/json/);
    expect(JSON.parse(text)).toEqual({ error: expect.stringMatching(/./) });
    expect(text).not.toMatch(/sk-server|127\.0\.0\.1|stack|node_modules/);
    // The question is kept, an answer that never said a word is not shown.
    expect(await readHistory(rest, conversationId)).toEqual([
      { role: "user", content: "What?", message_id: 1 },
    ]);
  });

  it("for an upstream that says nothing in time is 504", async () => {
    await using slow = await setChatStage({
      upstream: { reply: { steps: [{ do: "stall" }] } },
      backend: { config: { clocks: { first_byte_seconds: 0.1 } } },
    });
    const user = await slow.addConversation();
    const response = await user.rest.post(`/api/chat/${user.conversationId}`, { message: "hi" });
    expect(response.status).toBe(504);
    expect(await response.json()).toEqual({ error: expect.stringMatching(/./) });
  });

  it("for a model that nobody serves is 503", async () => {
    await using picky = await setChatStage({
      backend: { upstreams: [{ endpoint: "http://127.0.0.1:9/v1", models: ["other-*"] }] },
    });
    const user = await picky.addConversation();
    const response = await user.rest.post(`/api/chat/${user.conversationId}`, { message: "hi" });
    expect(response.status).toBe(503);
    expect(await response.json()).toEqual({ error: expect.stringContaining("a-model") });
  });
});

describe("an answer that breaks off", () => {
  it.each([
    ["by a reset", [role(), say(["Half", " an"]), wait(30), reset()]],
    ["by an end without a finish", [role(), say(["Half", " an"])]],
    [
      "by an error in the stream",
      [say(["Half", " an"]), { do: "event", data: { error: { message: "boom" } } }],
    ],
  ] as const)("%s ends with one error frame, and what had arrived is stored", async (_name, steps) => {
    const { response, text, rest, conversationId } = await ask({ steps: [...steps] });
    expect(response.status).toBe(200);
    const frames = readBareFrames(text);
    expect(toText(frames)).toBe("Half an");
    expect(frames.filter(({ event }) => event !== "message")).toEqual([
      { event: "error", data: expect.stringMatching(/./) },
    ]);
    expect((await readHistory(rest, conversationId)).at(-1)?.content).toBe("Half an");
  });
});

describe("a caller that goes away", () => {
  it("loses nothing: the answer is completed and stored", async () => {
    const user = await newConversation();
    const gate = `leave-${user.conversationId}`;
    stage.upstream.enqueue({ steps: [role(), say("Half"), wait(gate), say(" and half"), finish()] });
    const leaving = new AbortController();
    const path = `/api/chat/${user.conversationId}`;
    const response = await user.rest.request("POST", path, {
      body: { message: "hi" },
      signal: leaving.signal,
    });
    await response.body?.getReader().read();
    leaving.abort();
    stage.upstream.open(gate);
    await until(
      async () => (await readHistory(user.rest, user.conversationId)).at(-1)?.content === "Half and half",
      "the whole answer in the history",
    );
  });

  it("before the first piece loses nothing either", async () => {
    const user = await newConversation();
    const gate = `early-${user.conversationId}`;
    stage.upstream.enqueue({ steps: [wait(gate), say("All of it"), finish()] });
    const leaving = new AbortController();
    const calls = stage.upstream.calls.length;
    const path = `/api/chat/${user.conversationId}`;
    const response = user.rest.request("POST", path, { body: { message: "hi" }, signal: leaving.signal });
    await until(() => stage.upstream.calls.length > calls, "the upstream is asked");
    leaving.abort();
    await expect(response).rejects.toThrow(/abort/i);
    stage.upstream.open(gate);
    await until(
      async () => (await readHistory(user.rest, user.conversationId)).at(-1)?.content === "All of it",
      "the whole answer in the history",
    );
  });

  it("is not needed to have a token of its own: a stranger's stream is refused before anything is asked", async () => {
    const user = await newConversation();
    const calls = stage.upstream.calls.length;
    const stranger = createRestCaller(stage.backend.url);
    expect((await stranger.post(`/api/chat/${user.conversationId}`, { message: "hi" })).status).toBe(401);
    expect(stage.upstream.calls.length).toBe(calls);
  });
});
