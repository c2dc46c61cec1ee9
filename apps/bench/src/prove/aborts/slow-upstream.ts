import { setTimeout as delay } from "node:timers/promises";
import {
  asksForStream,
  createFakeUpstream,
  head,
  role,
  say,
  stall,
  wait,
  type Call,
  type Reply,
  type Step,
} from "@llm-backend/testing";

/** How far an answer was. */
export type Phase = "before the head" | "before the first token" | "mid-stream";

/** What the upstream knows of a call. */
export type SlowCall = { readonly call: Call; phase: Phase };

/** An upstream whose answers take their time, and never end by themselves. */
export type SlowUpstream = AsyncDisposable & {
  readonly url: string;
  /** The call for a model; undefined where there was none. */
  find(model: string): SlowCall | undefined;
};

/** How long it holds back the head, and then the first token. */
export const holdMs = 30;
const everyMs = 4;
/** What every token begins with, and nothing else that is sent. */
export const tokenMark = "said-";

/** Starts the upstream; every call has a model of its own. */
export async function startSlowUpstream(): Promise<SlowUpstream> {
  const calls = new Map<string, SlowCall>();
  const upstream = await createFakeUpstream({
    logsModelLists: false,
    reply(call) {
      const { model } = call.body as { model: string };
      const slow: SlowCall = { call, phase: "before the head" };
      calls.set(model, slow);
      return toReply(slow);
    },
  });
  return {
    url: upstream.url,
    find: (model) => calls.get(model),
    [Symbol.asyncDispose]: () => upstream[Symbol.asyncDispose](),
  };
}

function toReply(slow: SlowCall): Reply {
  const isStream = asksForStream(slow.call);
  async function* steps(): AsyncGenerator<Step> {
    await delay(holdMs);
    yield head();
    slow.phase = "before the first token";
    if (!isStream) yield stall();
    yield role();
    yield wait(holdMs);
    for (let index = 0; ; index++) {
      yield say(`${tokenMark}${index} `);
      slow.phase = "mid-stream";
      yield wait(everyMs);
    }
  }
  return { steps: steps() };
}
