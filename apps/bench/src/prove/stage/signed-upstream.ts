import {
  createFakeUpstream,
  finish,
  role,
  say,
  wait,
  type Call,
  type Reply,
  type Step,
} from "@llm-backend/testing";
import { readQuestion, toAnswer, toToken, type AnswerPlan } from "./signed-answer.ts";

/** When each token was written to the server, in milliseconds of `performance.now()`; the last call of a stream counts. */
export type Written = readonly number[];

/** An upstream that answers what it is asked for, and knows what it wrote when. */
export type SignedUpstream = AsyncDisposable & {
  readonly url: string;
  /** How often each stream was asked for. */
  readonly asked: ReadonlyMap<string, number>;
  writtenAt(stream: string): Written;
  /** Lets the answer of a stream go on behind its hold. */
  letGo(stream: string): void;
  /** Forgets when the tokens of these streams were written. */
  forget(streams: readonly string[]): void;
};

/** Starts the upstream. */
export async function startSignedUpstream(): Promise<SignedUpstream> {
  const asked = new Map<string, number>();
  const written = new Map<string, number[]>();
  const upstream = await createFakeUpstream({
    logsModelLists: false,
    reply(call) {
      const plan = readPlan(call);
      asked.set(plan.stream, (asked.get(plan.stream) ?? 0) + 1);
      if (plan.everyMs === 0) return { steps: [role(), say(toAnswer(plan)), finish()] };
      const times: number[] = [];
      written.set(plan.stream, times);
      return toPacedReply(plan, times);
    },
  });
  return {
    url: upstream.url,
    asked,
    writtenAt: (stream) => written.get(stream) ?? [],
    letGo: (stream) => upstream.open(stream),
    forget(streams) {
      for (const stream of streams) written.delete(stream);
    },
    [Symbol.asyncDispose]: () => upstream[Symbol.asyncDispose](),
  };
}

function toPacedReply(plan: AnswerPlan, times: number[]): Reply {
  async function* steps(): AsyncGenerator<Step> {
    yield role();
    const startedAt = performance.now();
    for (let index = 0; index < plan.tokens; index++) {
      if (index === plan.holdAt) yield wait(plan.stream);
      yield say(toToken(plan, index));
      times.push(performance.now());
      // Late tokens catch up, so that the pace holds on average whatever the load.
      const dueMs = (index + 1) * plan.everyMs - (performance.now() - startedAt);
      if (dueMs > 0) yield wait(dueMs);
    }
    yield finish();
  }
  return { steps: steps() };
}

function readPlan(call: Call): AnswerPlan {
  const { messages = [] } = (call.body ?? {}) as { messages?: { role: string; content: unknown }[] };
  const plan = readQuestion(String(messages.at(-1)?.content));
  if (plan === undefined) throw new Error(`The upstream was asked for something else: ${call.bodyText}`);
  return plan;
}
