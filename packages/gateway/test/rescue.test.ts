import type { DomainError } from "@llm-backend/contract";
import {
  answer,
  createFakeUpstream,
  cut,
  fail,
  finish,
  reset,
  say,
  think,
  type FakeUpstream,
} from "@llm-backend/testing/fake-upstream";
import { expect, test } from "vitest";
import type { AnswerPart, ChatOutcome } from "../src/index.ts";
import { openGateway } from "./ask-gateway.ts";

/** What an asker with a listener for resets was told, in order. */
async function chat(upstreams: readonly FakeUpstream[]) {
  await using under = openGateway(upstreams);
  const told: string[] = [];
  let outcome: ChatOutcome | undefined;
  let error: DomainError | undefined;
  try {
    outcome = await under.gateway.chat(
      { id: "run_test", model: "fake-model", messages: [{ role: "user", content: "Hi" }] },
      {
        signal: new AbortController().signal,
        onParts: (parts: readonly AnswerPart[]) =>
          told.push(...parts.map(({ type, text }) => (type === "text-delta" ? text : `(${text})`))),
        onReset: () => told.push("reset"),
      },
    );
  } catch (thrown) {
    error = thrown as DomainError;
  }
  return { told, outcome, error };
}

test("an answer that breaks off goes on unnoticed where the next one repeats it", async () => {
  await using bad = await createFakeUpstream({ reply: { steps: [think("Hm."), say("Hello wor"), reset()] } });
  await using good = await createFakeUpstream({
    reply: { steps: [think("Hm."), say(["Hel", "lo world", "!"]), finish()] },
  });
  const { told, outcome, error } = await chat([bad, good]);
  expect(error).toBeUndefined();
  expect(told.join("")).toBe("(Hm.)Hello world!");
  expect(outcome?.finishReason).toBe("stop");
});

test("an answer that breaks off begins anew where the next one says something else", async () => {
  await using bad = await createFakeUpstream({ reply: { steps: [say("Hello wor"), cut()] } });
  await using good = await createFakeUpstream({ reply: answer(["Hel", "p is here"]) });
  const { told, outcome } = await chat([bad, good]);
  expect(told).toEqual(["Hello wor", "reset", "Help is here"]);
  expect(outcome?.finishReason).toBe("stop");
});

test("an answer that is shorter than the broken one takes its place", async () => {
  await using bad = await createFakeUpstream({ reply: { steps: [say("Hello wor"), cut()] } });
  await using good = await createFakeUpstream({ reply: answer(["Hel"]) });
  expect((await chat([bad, good])).told).toEqual(["Hello wor", "reset", "Hel"]);
});

test("what ended the answer is told when nobody could take it up", async () => {
  await using bad = await createFakeUpstream({ reply: { steps: [say("Hello wor"), cut()] } });
  await using worse = await createFakeUpstream({ reply: fail(400) });
  const { told, error } = await chat([bad, worse]);
  expect(told).toEqual(["Hello wor"]);
  expect(error?.code).toBe("answer_truncated");
});
