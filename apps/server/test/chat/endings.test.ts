import { isTerminalEvent } from "@llm-backend/contract";
import {
  cut,
  event,
  fail,
  finish,
  reset,
  role,
  say,
  think,
  wait,
  type Reply,
  type Step,
} from "@llm-backend/testing";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { setChatStage, type ChatStage, type StageUser } from "../callers/chat-stage.ts";
import { readBareFrames } from "../callers/frames.ts";
import { createConversation } from "../callers/rest-caller.ts";
import { followRun, newRequestId, readMessages, toJoined, toText, type Started } from "./read-run.ts";

let stage: ChatStage;
let user: StageUser;

/** What the upstream does, by the name of the model that it is asked for. */
const scripts = new Map<string, Reply>();

beforeAll(async () => {
  stage = await setChatStage({
    backend: {
      config: {
        limits: { runs_per_user_max: 100, streams_per_user_max: 100 },
        clocks: { first_byte_seconds: 0.25, first_token_seconds: 0.25, idle_seconds: 0.25 },
        chat: { run_minutes_max: 0.02 },
      },
    },
  });
  stage.upstream.setReply((call) => {
    const { model } = call.body as { model: string };
    return scripts.get(model) ?? { steps: [role(), say("Hello"), finish()] };
  });
  user = await stage.addUser();
});
afterAll(() => stage[Symbol.asyncDispose]());

const text = fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: text.map((piece) => say(piece)) },
  { weight: 2, arbitrary: text.map((piece) => think(piece)) },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 5 }).map((ms) => wait(ms)) },
  { weight: 1, arbitrary: fc.constantFrom(role(), event({ choices: [] })) },
);
const ending: fc.Arbitrary<readonly Step[]> = fc.oneof(
  { weight: 4, arbitrary: fc.constant([finish()]) },
  fc.constantFrom<readonly Step[]>(
    [],
    [cut()],
    [cut({ terminated: true })],
    [wait(2), reset()],
    [event({ error: { message: "boom", type: "server_error" } })],
    [finish({ reason: null })],
    [finish({ done: false })],
    [finish({ reason: "length" })],
    [finish({ reason: "content_filter" })],
  ),
);
const reply: fc.Arbitrary<Reply> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .tuple(fc.array(step, { maxLength: 8 }), ending)
      .map(([steps, last]): Reply => ({ steps: [...steps, ...last] })),
  },
  fc.constantFrom(400, 401, 404, 429, 500, 503).map((status): Reply => fail(status)),
);

/** The text that a script says before anything goes wrong. */
const toScriptText = (given: Reply) =>
  (given.steps as readonly Step[])
    .flatMap((one) => (one.do === "say" && one.as === "content" ? one.pieces : []))
    .join("");

describe("an answer", () => {
  it("ends with exactly one ending, and is stored as it was told, whatever its upstream does", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(reply, { minLength: 15, maxLength: 15 }), async (replies) => {
        await Promise.all(
          replies.map(async (script) => {
            // The script goes with the model's name, so that answers can be made side by side.
            const model = newRequestId();
            scripts.set(model, script);
            const conversationId = await createConversation(user.rest, { model });
            const { runId } = await user.trpc.mutate<Started>("chat.send", {
              conversationId,
              requestId: newRequestId(),
              message: "hi",
            });
            const events = await followRun(user.trpc, runId);
            const endings = events.filter((told) => isTerminalEvent(told.event));
            expect(endings).toHaveLength(1);
            expect(endings[0]).toBe(events.at(-1));
            expect(events[0]?.event.type).toBe("run-start");
            const answer = (await readMessages(user.trpc, conversationId)).at(-1);
            expect(answer?.content).toBe(toText(events));
            expect(answer?.reasoning ?? "").toBe(toText(events, "reasoning-delta"));
            expect(toScriptText(script).startsWith(answer?.content ?? "")).toBe(true);
            const last = events.at(-1)?.event;
            expect(answer?.run).toMatchObject({
              lastEventId: null,
              state: last?.type === "run-done" ? "done" : "failed",
            });
            // No truncated answer passes for a whole one.
            if (last?.type === "run-done") expect(answer?.content).toBe(toScriptText(script));
            expect(toJoined(await followRun(user.trpc, runId))).toEqual(toJoined(events));
          }),
        );
      }),
      { numRuns: 10, seed: 20_261_122 },
    );
    expect(stage.backend.logLines.filter((line) => /"level":"(error|fatal)"/.test(line))).toEqual([]);
  });

  it("that takes longer than an answer may is ended, with what it had said", async () => {
    const steps = Array.from({ length: 40 }, (_, index) => [say(`${index} `), wait(100)]).flat();
    stage.upstream.enqueue({ steps: [role(), ...steps, finish()] });
    const conversationId = await createConversation(user.rest);
    const { runId } = await user.trpc.mutate<Started>("chat.send", {
      conversationId,
      requestId: newRequestId(),
      message: "hi",
    });
    const events = await followRun(user.trpc, runId);
    expect(events.at(-1)?.event).toMatchObject({ type: "run-error", code: "upstream_timeout" });
    expect(toText(events)).toMatch(/^0 1 2 /);
    expect((await readMessages(user.trpc, conversationId)).at(-1)?.content).toBe(toText(events));
    expect((await stage.upstream.calls.at(-1)?.closed)?.by).toBe("client");
  });

  it.each([
    ["says nothing at all", [{ do: "stall" }], ""],
    ["stops to say anything", [role(), say("Half"), { do: "stall" }], "Half"],
  ] as const)("whose upstream %s is ended by its clocks", async (_name, steps, said) => {
    stage.upstream.enqueue({ steps: [...steps] });
    const conversationId = await createConversation(user.rest);
    const { runId } = await user.trpc.mutate<Started>("chat.send", {
      conversationId,
      requestId: newRequestId(),
      message: "hi",
    });
    const events = await followRun(user.trpc, runId);
    expect(events.at(-1)?.event).toMatchObject({
      type: "run-error",
      code: "upstream_timeout",
      retryable: true,
    });
    expect(toText(events)).toBe(said);
  });

  it("over REST ends as its run does: whole, with an error frame, or with a status", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(reply, { minLength: 10, maxLength: 10 }), async (replies) => {
        await Promise.all(replies.map(askOverRest));
      }),
      { numRuns: 6, seed: 20_261_122 },
    );
  });
});

/** Asks over REST what a script answers, and holds the stream against what is stored. */
async function askOverRest(script: Reply): Promise<void> {
  const model = newRequestId();
  scripts.set(model, script);
  const conversationId = await createConversation(user.rest, { model });
  const response = await user.rest.post(`/api/chat/${conversationId}`, { message: "hi" });
  const body = await response.text();
  const stored = (await readMessages(user.trpc, conversationId)).at(-1);
  if (response.status !== 200) {
    expect([500, 502, 503, 504]).toContain(response.status);
    expect([stored?.content, stored?.run?.state]).toEqual(["", "failed"]);
    return;
  }
  const frames = readBareFrames(body);
  const rest = frames.filter((frame) => frame.event !== "message");
  if (stored?.run?.state === "done") {
    expect(rest).toEqual([
      { event: "done", data: "Stream finished" },
      { event: "full_response", data: stored.content },
    ]);
  } else {
    expect(rest).toEqual([{ event: "error", data: expect.stringMatching(/./) }]);
  }
  expect(
    frames
      .slice(0, -rest.length)
      .map(({ data }) => data)
      .join(""),
  ).toBe(stored?.content);
}

describe("what an answer used", () => {
  it("is stored with it, and told", async () => {
    const usage = {
      prompt_tokens: 100,
      completion_tokens: 20,
      prompt_tokens_details: { cached_tokens: 60 },
      completion_tokens_details: { reasoning_tokens: 8 },
    };
    stage.upstream.enqueue({ steps: [role(), say("ok"), finish({ usage, reason: "length" })] });
    const conversationId = await createConversation(user.rest);
    const { runId } = await user.trpc.mutate<Started>("chat.send", {
      conversationId,
      requestId: newRequestId(),
      message: "hi",
    });
    const expected = { promptTokens: 100, completionTokens: 20, cachedTokens: 60, reasoningTokens: 8 };
    expect((await followRun(user.trpc, runId)).at(-1)?.event).toMatchObject({
      finishReason: "length",
      usage: expected,
    });
    expect((await readMessages(user.trpc, conversationId)).at(-1)).toMatchObject({
      finishReason: "length",
      usage: expected,
    });
  });

  it.each([
    ["nothing", null],
    ["nonsense", { prompt_tokens: -5, completion_tokens: "many" }],
    ["infinity", { prompt_tokens: 1e308, completion_tokens: 1.5 }],
  ])("is absent where the provider says %s", async (_name, usage) => {
    stage.upstream.enqueue({ steps: [role(), say("ok"), finish({ usage })] });
    const conversationId = await createConversation(user.rest);
    const { runId } = await user.trpc.mutate<Started>("chat.send", {
      conversationId,
      requestId: newRequestId(),
      message: "hi",
    });
    const last = (await followRun(user.trpc, runId)).at(-1)?.event;
    expect(last?.type).toBe("run-done");
    const stored = (await readMessages(user.trpc, conversationId)).at(-1)?.usage ?? {};
    for (const value of Object.values(stored)) expect(Number.isSafeInteger(value) && value >= 0).toBe(true);
  });
});
