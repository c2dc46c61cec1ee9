import {
  answer,
  createFakeUpstream,
  cut,
  event,
  fail,
  reset,
  role,
  say,
  stall,
  toDeltaChunk,
  type Reply,
} from "@llm-backend/testing/fake-upstream";
import { describe, expect, it } from "vitest";
import { openGateway, toUpstream } from "../ask-gateway.ts";
import { forward, readChat } from "./forward-stage.ts";

const breaks: readonly (readonly [string, Reply["steps"]])[] = [
  ["a reset", [role(), say(["Hello", " wor"], { apart: true }), reset()]],
  ["an unterminated end", [role(), say(["Hello", " wor"]), cut()]],
  ["an end without a finish reason", [role(), say(["Hello", " wor"])]],
  ["a stall", [role(), say(["Hello", " wor"]), stall()]],
  ["an error in the stream", [role(), say(["Hello", " wor"]), event({ error: { message: "boom" } })]],
];

describe("a stream that breaks off after content", () => {
  it.each(breaks)("is gone on with exactly where the next one repeats it: %s", async (_, steps) => {
    await using bad = await createFakeUpstream({ reply: { steps } });
    await using good = await createFakeUpstream({ reply: answer(["Hel", "lo w", "orld", "!"]) });
    await using under = openGateway([toUpstream(bad, { clocks: { idleMs: 80 } }), good]);
    const got = await forward(under.gateway);
    expect(readChat(got.body)).toEqual({
      text: "Hello world!",
      isDone: true,
      error: undefined,
      finish: "stop",
    });
    expect(got.result).toMatchObject({ error: undefined, upstream: expect.any(String) });
    expect(got.result.attempts.map(({ outcome }) => outcome).at(-1)).toBe("done");
  });

  it("ends with an error where the next one says something else", async () => {
    await using bad = await createFakeUpstream({ reply: { steps: [say("Hello wor"), reset()] } });
    await using good = await createFakeUpstream({ reply: answer(["Hello there"]) });
    await using under = openGateway([bad, good]);
    const got = await forward(under.gateway);
    expect(readChat(got.body)).toEqual({
      text: "Hello wor",
      isDone: false,
      error: "answer_truncated",
      finish: undefined,
    });
    expect(got.end).toBe("end");
  });

  it("ends with an error when it is told to", async () => {
    await using bad = await createFakeUpstream({ reply: { steps: [say("Hello wor"), reset()] } });
    await using good = await createFakeUpstream({ reply: answer(["Hello world"]) });
    await using under = openGateway([toUpstream(bad, { midstream: "off" }), good]);
    expect(readChat((await forward(under.gateway)).body)).toMatchObject({
      isDone: false,
      error: "answer_truncated",
    });
    expect(good.calls).toHaveLength(0);
  });

  it("never glues a tool call", async () => {
    const call = { tool_calls: [{ index: 0, id: "c", function: { name: "f", arguments: '{"a' } }] };
    await using bad = await createFakeUpstream({
      reply: { steps: [event(JSON.parse(toDeltaChunk("m", call))), reset()] },
    });
    await using good = await createFakeUpstream();
    await using under = openGateway([bad, good]);
    expect(readChat((await forward(under.gateway)).body)).toMatchObject({
      isDone: false,
      error: "answer_truncated",
    });
    expect(good.calls).toHaveLength(0);
  });

  it("is continued by an upstream that takes its beginning", async () => {
    await using bad = await createFakeUpstream({
      reply: { steps: [say("Hello to all of the wor"), reset()] },
    });
    await using good = await createFakeUpstream({ reply: answer(["ld", "!"]) });
    await using under = openGateway([bad, toUpstream(good, { midstream: "continue", prefill: "prefix" })]);
    const got = await forward(under.gateway);
    expect(readChat(got.body)).toMatchObject({
      text: "Hello to all of the world!",
      isDone: true,
      error: undefined,
    });
    expect(good.calls[0]?.body).toMatchObject({
      messages: [
        { role: "user", content: "Hi" },
        { role: "assistant", content: "Hello to all of the wor", prefix: true },
      ],
    });
  });

  it("learns who does not take a beginning, and asks them anew", async () => {
    await using bad = await createFakeUpstream({
      reply: { steps: [say("Hello to all of the wor"), reset()] },
    });
    await using good = await createFakeUpstream({ reply: answer(["Hello to all", " of the world!"]) });
    good.enqueue(fail(400, { error: { message: "the last message must not be from the assistant" } }));
    await using under = openGateway([bad, toUpstream(good, { midstream: "continue" })]);
    const got = await forward(under.gateway);
    expect(readChat(got.body)).toMatchObject({
      text: "Hello to all of the world!",
      isDone: true,
      error: undefined,
    });
    expect(good.calls).toHaveLength(2);
  });

  it("survives more than one break", async () => {
    await using first = await createFakeUpstream({ reply: { steps: [say("One"), reset()] } });
    await using second = await createFakeUpstream({ reply: { steps: [say(["One", " two"]), reset()] } });
    await using third = await createFakeUpstream({ reply: answer(["One two three"]) });
    await using under = openGateway([first, second, third]);
    expect(readChat((await forward(under.gateway)).body)).toMatchObject({
      text: "One two three",
      isDone: true,
    });
  });
});
