import { setTimeout as delay } from "node:timers/promises";
import { startFakeUpstreamProcess } from "@llm-backend/testing";
import type { StreamCaller } from "../../callers/caller.ts";
import { createRawCaller, createRestCaller, createSseCaller } from "../../callers/http-callers.ts";
import { createConversation, createKey, registerUser } from "../stage/proof-user.ts";
import { startProofServer } from "../stage/start-proof-server.ts";
import { inspected, openHeapReader } from "./heap-reader.ts";

/** How much goes through, and how often the heap is looked at. */
export type HeapRun = {
  readonly tokens: number;
  readonly onLook: (share: number) => void;
};

/** The bytes in use after each part of the run, all garbage collected. */
export type HeapSeen = { readonly live: readonly number[]; readonly tokens: number };

const tokensPerSecond = 500;
const answersAtOnce = 12;
const looks = 20;
/** A run of fewer tokens only shows that the proof works. */
const largeTokensMin = 20_000;

/** `settleMs`: what is written behind the answers is written then. */
const large = { tokensPerAnswer: 500, warmupAnswers: 72, settleMs: 600 };
const small = { tokensPerAnswer: 50, warmupAnswers: answersAtOnce, settleMs: 300 };

/** Lets paced answers go through one server, over /v1 and both faces of chat, and looks at its heap in between. */
export async function measureHeap({ tokens, onLook }: HeapRun): Promise<HeapSeen> {
  const { tokensPerAnswer, warmupAnswers, settleMs } = tokens < largeTokensMin ? small : large;
  await using cleanup = new AsyncDisposableStack();
  const upstream = cleanup.use(await startFakeUpstreamProcess({ tokens: tokensPerAnswer, tokensPerSecond }));
  const server = cleanup.use(await startProofServer(upstream.url, { env: inspected }));
  const heap = cleanup.use(await openHeapReader(server));
  const { url, pid } = server;
  const token = await registerUser(url, "counted");
  const callers = [
    createRawCaller("/v1", { url, pid, token: await createKey(url, token) }),
    createSseCaller({ url, pid, token }),
    createRestCaller({ url, pid, token }),
  ].map((caller) => cleanup.use(caller));
  const place = { url, token, callers };

  // What is loaded, compiled and kept for all of them is there before the heap is looked at.
  await askAll(place, warmupAnswers);
  const answersPerLook = Math.max(answersAtOnce, Math.ceil(tokens / tokensPerAnswer / looks));
  const parts = Math.max(3, Math.ceil(tokens / tokensPerAnswer / answersPerLook));
  const live = [await heap.readLive()];
  for (let part = 1; part <= parts; part++) {
    await askAll(place, answersPerLook);
    await delay(settleMs);
    live.push(await heap.readLive());
    onLook(part / parts);
  }
  return { live, tokens: parts * answersPerLook * tokensPerAnswer };
}

type Place = { readonly url: string; readonly token: string; readonly callers: readonly StreamCaller[] };

/** Asks for so many answers, over all faces in turns, each in a conversation of its own. */
async function askAll({ url, token, callers }: Place, answers: number): Promise<void> {
  const indexes = Array.from({ length: answers }, (_, index) => index).values();
  await Promise.all(
    Array.from({ length: answersAtOnce }, async () => {
      for (const index of indexes) {
        const conversationId = await createConversation(url, token, "paced-model");
        await callers[index % callers.length]?.ask({ conversationId });
      }
    }),
  );
}
