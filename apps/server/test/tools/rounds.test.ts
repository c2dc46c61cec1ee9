import {
  answer,
  createFakeUpstream,
  event,
  finish,
  reset,
  role,
  say as speak,
  wait,
  type Reply,
  type Step,
} from "@llm-backend/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { StageUser } from "../callers/chat-stage.ts";
import {
  ask,
  calling,
  done,
  follow,
  listTools,
  ofType,
  program,
  prompts,
  readAnswer,
  setToolStage,
  type ToolStage,
} from "./tool-stage.ts";

let stage: ToolStage;
let user: StageUser;
let first: number;

beforeAll(async () => {
  stage = await setToolStage({
    servers: { box: program({ permission: "always", tools: { deny: ["die"] } }) },
    rounds_max: 3,
    result_chars_max: 1000,
  });
  user = await stage.addUser();
  await listTools(user);
});
afterAll(() => stage[Symbol.asyncDispose]());
beforeEach(() => {
  first = stage.upstream.calls.length;
});

/** Asks in a new conversation, and follows the answer to its end. */
async function run(replies: readonly Reply[], tools: "all" | readonly string[] | null = "all") {
  const conversationId = await stage.openConversation(user, tools);
  stage.upstream.enqueue(...replies);
  const { runId } = await ask(user, conversationId);
  const events = await follow(user, runId);
  return { events, runId, conversationId, answer: await readAnswer(user, conversationId) };
}

const byText = (one: unknown, other: unknown) => (String(one) < String(other) ? -1 : 1);
const asked = () => prompts(stage).slice(first);
const chunk = (delta: object, finish_reason: string | null = null) =>
  event({
    id: "c",
    object: "chat.completion.chunk",
    model: "m",
    choices: [{ index: 0, delta, finish_reason }],
  });

describe("a model with tools", () => {
  it("calls one, is given its result, and answers", async () => {
    const { events, answer: shown } = await run([calling(["box__echo", { text: "hi" }]), done]);
    const [call] = ofType(events, "tool-call");
    expect(call).toMatchObject({ name: "box__echo", arguments: '{"text":"hi"}' });
    expect(ofType(events, "tool-result")).toMatchObject([
      { callId: call?.callId, ok: true, text: "echo: hi" },
    ]);
    expect(events.at(-1)).toMatchObject({
      type: "run-done",
      usage: { promptTokens: 31, completionTokens: 16 },
    });
    const [question, second] = asked();
    expect(question?.tools?.map((tool) => tool.function.name)).toContain("box__echo");
    expect(second?.messages.slice(-2)).toEqual([
      {
        role: "assistant",
        content: "",
        tool_calls: [
          { id: call?.callId, type: "function", function: { name: "box__echo", arguments: '{"text":"hi"}' } },
        ],
      },
      { role: "tool", tool_call_id: call?.callId, content: "echo: hi" },
    ]);
    expect(shown).toMatchObject({
      content: "All done.",
      toolCalls: [{ name: "box__echo", state: "done", text: "echo: hi", failure: null }],
    });
  });

  it("is shown with the next question what it called before, as long as it has tools", async () => {
    const { conversationId } = await run([calling(["box__large", { chars: 500 }]), done]);
    for (const setting of ["all", null]) {
      await user.trpc.mutate("conversation.update", { conversationId, tools: setting });
      stage.upstream.enqueue(done);
      await follow(user, (await ask(user, conversationId)).runId);
    }
    const [, , withTools, without] = asked().map(({ messages }) => messages.map(({ role: by }) => by));
    expect(withTools?.slice(-5)).toEqual(["user", "assistant", "tool", "assistant", "user"]);
    expect(asked()[2]?.messages.find(({ role: by }) => by === "tool")).toMatchObject({
      tool_call_id: "past00001",
      content: "x".repeat(500),
    });
    expect(without?.slice(-5)).toEqual(["user", "assistant", "user", "assistant", "user"]);
  });

  it("is offered none where the conversation has none, and only those that it names", async () => {
    await run([done], null);
    await run([done], ["box__echo", "gone__away"]);
    expect(asked()[0]?.tools).toBeUndefined();
    expect(asked()[1]?.tools?.map((tool) => tool.function.name)).toEqual(["box__echo"]);
  });

  it("calls several at once, whose results it is given in the order of its calls", async () => {
    const { events } = await run([
      calling(["box__large", { chars: 3 }], ["box__echo", { text: "b" }], ["box__refuse", {}]),
      done,
    ]);
    expect(
      asked()[1]
        ?.messages.slice(-3)
        .map(({ content }) => content),
    ).toEqual(["xxx", "echo: b", "no such file"]);
    expect(
      ofType(events, "tool-result")
        .map(({ ok }) => ok)
        .toSorted(byText),
    ).toEqual([false, true, true]);
  });

  it("has what it says around calls kept apart", async () => {
    const speaking: Reply = {
      steps: [
        role(),
        speak("Let me look."),
        chunk({ tool_calls: [{ index: 0, id: "x1", function: { name: "box__echo", arguments: "{}" } }] }),
        finish({ reason: "tool_calls" }),
      ],
    };
    const { answer: shown } = await run([speaking, answer("Found.")]);
    expect(shown.content).toBe("Let me look.\n\nFound.");
  });

  it("is answered for tools that are not there, and for arguments that are none", async () => {
    const odd: Reply = {
      steps: [
        role(),
        chunk({
          tool_calls: [
            { index: 0, id: "same", function: { name: "rm -rf /", arguments: "{}" } },
            { index: 1, id: "same\u0000", function: { name: "box__echo", arguments: '{"text":' } },
            { index: 2, id: "x".repeat(500), function: { name: "box__echo", arguments: "[1]" } },
            { index: 3, function: { name: "box__die", arguments: "" } },
            { index: 4, function: { name: "__proto__", arguments: "null" } },
          ],
        }),
        finish({ reason: "tool_calls" }),
      ],
    };
    const { events } = await run([odd, done]);
    const failures = ofType(events, "tool-result").map(({ failure }) => failure);
    expect(failures.toSorted(byText)).toEqual(["invalid", "invalid", "unknown", "unknown", "unknown"]);
    const ids = ofType(events, "tool-call").map(({ callId }) => callId);
    expect(new Set(ids).size).toBe(5);
    const sent = asked()[1]?.messages.findLast(({ tool_calls }) => tool_calls !== undefined)?.tool_calls as {
      function: { name: string; arguments: string };
    }[];
    for (const { function: call } of sent) {
      expect(call.name).toMatch(/^[\w-]{1,64}$/);
      expect(() => JSON.parse(call.arguments)).not.toThrow();
    }
  });

  it("is told by the tool's server which of its arguments are wrong", async () => {
    const { events } = await run([calling(["box__echo", { text: 5 }]), done]);
    expect(ofType(events, "tool-result")[0]).toMatchObject({
      ok: false,
      text: expect.stringMatching(/text/),
    });
  });

  it("has to answer after so many rounds", async () => {
    const again = calling(["box__echo", { text: "again" }]);
    const { events, answer: shown } = await run([again, again, again, answer("Enough.")]);
    expect(ofType(events, "tool-call")).toHaveLength(3);
    expect(asked().map(({ tools }) => tools !== undefined)).toEqual([true, true, true, false]);
    expect(shown.content).toBe("Enough.");
  });

  it("calls nothing where it has to answer, and calls all the same", async () => {
    const again = calling(["box__echo", { text: "again" }]);
    const { events } = await run([again, again, again, again]);
    expect(ofType(events, "tool-call")).toHaveLength(3);
    expect(events.at(-1)?.type).toBe("run-done");
  });

  it("gets results cut that are too long, and pictures named", async () => {
    const { events } = await run([calling(["box__large", { chars: 5000 }], ["box__picture", {}]), done]);
    const texts = ofType(events, "tool-result")
      .map(({ text }) => text)
      .toSorted(byText);
    expect(texts[0]).toBe("Here:\n[image: image/png, 6 bytes, not shown]");
    expect(texts[1]).toBe(`${"x".repeat(1000)}\n[Cut here: 5000 characters in all.]`);
  });

  it("calls nothing that broke off at its length", async () => {
    const short: Reply = {
      steps: [
        ...(calling(["box__echo", { text: "x" }]).steps as []).slice(0, -1),
        finish({ reason: "length" }),
      ],
    };
    const { events } = await run([short]);
    expect(ofType(events, "tool-call")).toEqual([]);
    expect(events.at(-1)).toMatchObject({ type: "run-done", finishReason: "length" });
  });

  it("never learns the operator's secrets from a tool that fails", async () => {
    const { events } = await run([calling(["box__leak", {}]), done]);
    expect(ofType(events, "tool-result")[0]).toMatchObject({ ok: false });
    expect(stage.backend.logLines.join("\n")).not.toContain("hush-hush-7f3a91");
  });
});

describe("a stream of calls that breaks off", () => {
  it("is asked anew elsewhere, and no two answers make one call", async () => {
    await using cleanup = new AsyncDisposableStack();
    const other = cleanup.use(await createFakeUpstream());
    const broken = cleanup.use(await createFakeUpstream());
    const stand = cleanup.use(
      await setToolStage(
        { servers: { box: program({ permission: "always" }) } },
        { upstreams: [broken.url, other.url], gateway: { retry: { budget_min: 100 } } },
      ),
    );
    const asker = await stand.addUser();
    await listTools(asker);
    const half = (...before: readonly Step[]): Reply => ({
      steps: [
        role(),
        ...before,
        chunk({
          tool_calls: [{ index: 0, id: "h1", function: { name: "box__echo", arguments: '{"text":"ha' } }],
        }),
        wait(5),
        reset(),
      ],
    });
    const whole = calling(["box__echo", { text: "whole" }]);

    for (const begun of [half(), half(speak("Hm. "))]) {
      broken.enqueue(begun, done);
      other.enqueue(whole);
      const conversationId = await stand.openConversation(asker);
      const { runId } = await ask(asker, conversationId);
      const events = await follow(asker, runId);
      expect(ofType(events, "tool-call")).toMatchObject([{ arguments: '{"text":"whole"}' }]);
      expect(ofType(events, "tool-result")).toMatchObject([{ ok: true, text: "echo: whole" }]);
      expect((await readAnswer(asker, conversationId)).content).toBe("All done.");
    }
  });
});
