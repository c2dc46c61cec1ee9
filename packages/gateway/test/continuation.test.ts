import {
  answer,
  createFakeUpstream,
  cut,
  fail,
  finish,
  say,
  type Call,
  type FakeUpstream,
} from "@llm-backend/testing/fake-upstream";
import { expect, test } from "vitest";
import type { AnswerPart, Upstream } from "../src/index.ts";
import { ask, openGateway, toUpstream } from "./ask-gateway.ts";

const question = { role: "user", content: "Hi" } as const;
const spoken = "Once upon a time";

const readMessages = (call: Call | undefined): readonly Record<string, unknown>[] =>
  ((call?.body ?? { messages: [] }) as { messages: readonly Record<string, unknown>[] }).messages;

const upstreamsThatTakeIt: readonly (readonly [name: string, Partial<Upstream>, Record<string, unknown>])[] =
  [
    ["plain", { prefill: "plain" }, {}],
    ["by a flag", { prefill: "prefix" }, { prefix: true }],
    ["by being told to go on", { midstream: "continue" }, {}],
  ];

test.each(upstreamsThatTakeIt)(
  "an upstream that takes the beginning of an answer is given it: %s",
  async (_name, options, flags) => {
    await using upstream = await createFakeUpstream({ reply: answer([" there", " was"]) });
    await using under = openGateway([toUpstream(upstream, options)]);
    const asked = await ask(under.gateway, { messages: [question], spoken });
    expect(asked.text).toBe(" there was");
    expect(readMessages(upstream.calls[0])).toEqual([
      question,
      { role: "assistant", content: spoken, ...flags },
    ]);
  },
);

test("flags beside the messages are sent where the upstream is told in that way", async () => {
  await using upstream = await createFakeUpstream();
  await using under = openGateway([toUpstream(upstream, { prefill: "final_message" })]);
  await ask(under.gateway, { messages: [question], spoken });
  expect(upstream.calls[0]?.body).toMatchObject({
    add_generation_prompt: false,
    continue_final_message: true,
  });
});

test("an upstream of which nothing is known is asked to go on, and what it repeats is not told", async () => {
  await using upstream = await createFakeUpstream({ reply: answer(["upon a ", "time there", " was"]) });
  await using under = openGateway([upstream]);
  const asked = await ask(under.gateway, { messages: [question], spoken });
  expect(asked.text).toBe(" there was");
  expect(readMessages(upstream.calls[0])).toEqual([
    question,
    { role: "assistant", content: spoken },
    { role: "user", content: expect.stringContaining("exactly where it stopped") },
  ]);
});

test("an upstream that refuses the beginning of an answer is asked otherwise, and is not given one again", async () => {
  await using upstream = await createFakeUpstream({
    reply: (call) =>
      readMessages(call).at(-1)?.role === "assistant"
        ? fail(400, { error: { message: "The final message must have the role user." } })
        : answer([" there was"]),
  });
  await using under = openGateway([toUpstream(upstream, { prefill: "plain" })]);
  for (let round = 0; round < 2; round++) {
    const asked = await ask(under.gateway, { messages: [question], spoken });
    expect([asked.text, asked.outcome?.finishReason]).toEqual([" there was", "stop"]);
  }
  expect(upstream.calls).toHaveLength(3);
});

test("an answer that had been said to its end ends where it was", async () => {
  await using upstream = await createFakeUpstream({ reply: { steps: [finish()] } });
  await using under = openGateway([upstream]);
  const asked = await ask(under.gateway, { messages: [question], spoken });
  expect([asked.text, asked.outcome?.finishReason]).toEqual(["", "stop"]);
});

test("when it breaks off once more, the next candidate goes on behind the same words", async () => {
  await using bad = await createFakeUpstream({ reply: { steps: [say(" there wa"), cut()] } });
  await using good = await createFakeUpstream({ reply: answer([" there was", " a fox"]) });
  expect(await goOn([bad, good])).toEqual([" there wa", "s a fox"]);
  expect(readMessages(good.calls[0])[1]).toEqual({ role: "assistant", content: spoken });
});

test("what was held back of a candidate that broke off is never told", async () => {
  await using bad = await createFakeUpstream({ reply: { steps: [say("upon a t"), cut()] } });
  await using good = await createFakeUpstream({ reply: answer([" there was"]) });
  expect(await goOn([bad, good])).toEqual([" there was"]);
});

/** What an asker with a listener for resets was told, in order. */
async function goOn(upstreams: readonly FakeUpstream[]): Promise<string[]> {
  await using under = openGateway(upstreams);
  const told: string[] = [];
  await under.gateway.chat(
    { id: "run_test", model: "fake-model", messages: [question], spoken },
    {
      signal: new AbortController().signal,
      onParts: (parts: readonly AnswerPart[]) => told.push(...parts.map(({ text }) => text)),
      onReset: () => told.push("reset"),
    },
  );
  return told;
}
