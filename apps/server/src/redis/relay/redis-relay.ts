import type { StartedRun } from "@llm-backend/contract";
import type { RelayHandlers, RunRelay } from "@llm-backend/server";
import type { RedisLink } from "../redis-link.ts";
import { createRelayCalls } from "./relay-calls.ts";
import type { RelayMessage, RelayRequest } from "./relay-message.ts";
import { openRelayPost, type RelayPost } from "./relay-post.ts";
import { followRun } from "./run-follower.ts";
import { createRunPumps } from "./run-pump.ts";
import { createWakes } from "./wakes.ts";

/** What the relay stands on. */
export type RedisRelayOptions = {
  readonly link: RedisLink;
  /** The name of this process, as it stands in the rows of its runs. */
  readonly owner: string;
  /** A secret that all processes have: with it they know each other's messages. */
  readonly secret: string;
};

/**
 * Creates the relay over Redis: questions and wake-ups through its channels, the text of runs through streams that are
 * bounded, expire, and are written only while somebody in another process follows.
 */
export function createRedisRelay({ link, owner: name, secret }: RedisRelayOptions): RunRelay {
  const wakes = createWakes();
  let post: RelayPost | undefined;
  let handlers: RelayHandlers | undefined;
  const send: RelayPost["send"] = async (to, message) => post?.send(to, message);
  const isThere: RelayPost["isThere"] = async (owner) => post?.isThere(owner);
  const calls = createRelayCalls(name, { send });
  const pumps = createRunPumps(link, {
    channelOf: (to) => post?.channelOf(to) ?? "",
    seal: (channel, message) => post?.seal(channel, message) ?? "",
  });
  /** Runs that are followed from here, by how many. */
  const followed = new Map<string, number>();
  let isClosed = false;

  async function serveRequest(request: RelayRequest): Promise<unknown> {
    if (request.type === "stop") return handlers?.stop(request.runId);
    if (request.type === "start") return handlers?.start(request.request);
    if (request.type === "leave") return pumps.leave(request.runId, request.follower);
    const log = handlers?.openLog(request.runId);
    if (log !== undefined) pumps.follow(request, log);
    return { isThere: log !== undefined };
  }

  function hear(message: RelayMessage): void {
    if (message.kind === "request") calls.answer(message, () => serveRequest(message.request));
    else if (message.kind === "took") pumps.took(message.runId, message.follower, message.position);
    else if (message.kind === "gone") wakes.tellGone(message.from);
    else if (message.kind === "reply") calls.takeReply(message);
    else if (message.kind === "more") wakes.tell(message.runId);
    else if (message.from !== name) handlers?.onSignal(message.signal);
  }

  function leave(owner: string, runId: string): void {
    const others = (followed.get(runId) ?? 1) - 1;
    if (others > 0) return void followed.set(runId, others);
    followed.delete(runId);
    if (isClosed) return;
    // Nobody waits for it; an owner that does not hear it learns by silence.
    calls.call(owner, { type: "leave", runId, follower: name }).catch(() => {});
  }

  return {
    async serve(given) {
      handlers = given;
      post ??= openRelayPost({ link, owner: name, secret, hear });
      await link.untilHearing();
    },
    async *follow(owner, runId, options) {
      followed.set(runId, (followed.get(runId) ?? 0) + 1);
      try {
        yield* followRun({ link, name, calls, wakes, post: { send, isThere } }, { owner, runId }, options);
      } finally {
        leave(owner, runId);
      }
    },
    async stop(owner, runId) {
      await calls.call(owner, { type: "stop", runId });
    },
    start: async (owner, request) => (await calls.call(owner, { type: "start", request })) as StartedRun,
    listOthers: async () => ((await post?.list()) ?? []).filter((owner) => owner !== name),
    broadcast: (signal) => void post?.sendToAll({ kind: "signal", from: name, signal }),
    async close() {
      isClosed = true;
      pumps.close();
      // Whoever follows a run of this process need not find out by itself.
      await post?.sendToAll({ kind: "gone", from: name });
      post?.close();
    },
  };
}
