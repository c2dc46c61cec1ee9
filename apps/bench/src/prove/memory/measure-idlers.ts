import { connect, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import type { BackendProcess } from "@llm-backend/testing";
import { toPost } from "../../gateway/chat-request.ts";
import { readProcess } from "../../process-figures.ts";
import { callForResult } from "../stage/call.ts";
import { createConversation, createKey, registerUser } from "../stage/proof-user.ts";
import { startProofServer } from "../stage/start-proof-server.ts";
import { startEndlessUpstream, type EndlessUpstream } from "./endless-upstream.ts";
import { inspected, openHeapReader } from "./heap-reader.ts";
import { countQueued } from "./kernel-queues.ts";

/** What readers cost that take nothing. */
export type IdlersSeen = {
  /** What the server's resident set has grown by, for each, all garbage collected. */
  readonly residentBytes: number;
  /** What the upstream could push for each, the system's own buffers included. */
  readonly pushedBytes: number;
  /** The same without what those hold: what is in the server. */
  readonly heldBytes: number;
};

const model = "endless-model";
const openedAtOnce = 50;
const warmupIdlers = 100;
/** How long nothing may move before it is taken to stand still: longer with many, whose turns are farther apart. */
const toQuietMs = (count: number) => (count < 100 ? 150 : 2000);
const waitMsMax = 120_000;

/** Readers of /v1, each on an endless answer of its own. */
export function measureV1Idlers(count: number): Promise<IdlersSeen> {
  return measure(count, async ({ url, token }) => {
    const key = await createKey(url, token);
    const body = { model, messages: [{ role: "user", content: "Hi" }], stream: true };
    const request = toPost(toPlace(url, key), { path: "/v1/chat/completions", body });
    return { request, isShared: false };
  });
}

/** Readers of chat, all of them on the same endless answer: each answer has a length that it ends at. */
export function measureChatIdlers(count: number): Promise<IdlersSeen> {
  return measure(count, async ({ url, token }) => {
    const conversationId = await createConversation(url, token, model);
    const input = { conversationId, requestId: `endless-${conversationId}`, message: "Hi" };
    const given = { url, token, path: "chat.send", input };
    const { runId } = await callForResult<{ runId: string }>("mutation", given);
    const place = toPlace(url, token);
    const headers = { ...place.headers, accept: "text/event-stream" };
    const body = { json: { runId } };
    return { request: toPost({ ...place, headers }, { path: "/trpc/chat.follow", body }), isShared: true };
  });
}

type Asking = {
  /** What every reader says. */
  readonly request: string;
  /** Each has an answer of its own, or all have the same one. */
  readonly isShared: boolean;
};

type Stage = {
  readonly url: string;
  readonly token: string;
  readonly upstream: EndlessUpstream;
  readonly prepare: (place: { readonly url: string; readonly token: string }) => Promise<Asking>;
};

async function measure(count: number, prepare: Stage["prepare"]): Promise<IdlersSeen> {
  await using cleanup = new AsyncDisposableStack();
  const upstream = cleanup.use(await startEndlessUpstream());
  // Nobody is cut off for reading nothing while it is looked at.
  const limits = { streams_per_user_max: 10_000, runs_per_user_max: 10_000, follower_stall_seconds: 3600 };
  const server = cleanup.use(await startProofServer(upstream.url, { config: { limits }, env: inspected }));
  const heap = cleanup.use(await openHeapReader(server));
  const { url, pid } = server;
  const stage = { url, token: await registerUser(url, "idle"), upstream, prepare };
  // What is loaded, compiled, and set aside for a burst of any size is no reader's memory.
  {
    await using _ = await openIdlers(stage, Math.min(Math.ceil(count / 10), warmupIdlers));
  }
  upstream.startOver();
  await delay(toQuietMs(count));
  await heap.readLive();
  const before = readProcess(pid).residentBytes;
  await using idlers = await openIdlers(stage, count);
  const pushed = upstream.countPushed();
  const queued = countQueued([upstream.port, Number(new URL(url).port)]);
  await heap.readLive();
  return {
    residentBytes: (readProcess(pid).residentBytes - before) / count,
    pushedBytes: pushed / count,
    heldBytes: Math.max(0, pushed - queued - idlers.countRead()) / count,
  };
}

type Idlers = AsyncDisposable & {
  /** What came out of the system's buffers all the same. */
  countRead(): number;
};

/** Opens readers, lets their answers begin, and waits until nothing moves any more. */
async function openIdlers({ url, token, upstream, prepare }: Stage, count: number): Promise<Idlers> {
  const { request, isShared } = await prepare({ url, token });
  const answers = isShared ? 1 : count;
  const readers: Socket[] = [];
  for (let opened = 0; opened < count; opened++) {
    readers.push(openIdler(url, request));
    if (opened % openedAtOnce === openedAtOnce - 1) await delay(20);
  }
  await until(() => upstream.asked >= answers && readers.every(({ readyState }) => readyState === "open"));
  // Whoever follows an answer is there before it begins.
  const quietMs = toQuietMs(count);
  await delay(quietMs);
  upstream.begin();
  await untilQuiet(upstream, quietMs);
  return {
    countRead: () => readers.reduce((sum, { bytesRead }) => sum + bytesRead, 0),
    async [Symbol.asyncDispose]() {
      for (const reader of readers) reader.destroy();
      await delay(quietMs);
    },
  };
}

function toPlace(url: string, token: string) {
  return { port: Number(new URL(url).port), headers: { authorization: `Bearer ${token}` } };
}

/** A reader that asks, and takes nothing. */
function openIdler(url: BackendProcess["url"], request: string): Socket {
  const socket = connect({ port: Number(new URL(url).port), host: "127.0.0.1" });
  socket.on("error", () => {});
  socket.pause();
  socket.write(request);
  return socket;
}

/** Waits until the upstream can push nothing more. */
async function untilQuiet(upstream: EndlessUpstream, quietMs: number): Promise<void> {
  let pushed = -1;
  await until(async () => {
    const before = pushed;
    pushed = upstream.countPushed();
    await delay(quietMs);
    return upstream.countPushed() === pushed && before === pushed;
  });
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + waitMsMax;
  while (!(await isSo())) {
    if (performance.now() > deadline)
      throw new Error(`Not so after ${waitMsMax / 1000} s: ${isSo.toString()}`);
    await delay(20);
  }
}
