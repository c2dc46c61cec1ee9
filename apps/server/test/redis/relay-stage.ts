import { setTimeout as pause } from "node:timers/promises";
import type { RunEvent } from "@llm-backend/contract";
import {
  OwnerLost,
  type RelayHandlers,
  type RelayedEntry,
  type RelaySignal,
  type RunRelay,
} from "@llm-backend/server";
import { ReplayLog } from "@llm-backend/stream";
import { createRedisRelay } from "../../src/redis/relay/redis-relay.ts";
import { until } from "../callers/chat-stage.ts";
import { openLink, type LinkStage } from "./redis-stage.ts";

/** A process that drives runs, or follows those of others. */
export type RelayStage = AsyncDisposable & {
  readonly name: string;
  readonly relay: RunRelay;
  readonly stage: LinkStage;
  /** The runs that it drives. */
  readonly logs: Map<string, ReplayLog<RunEvent>>;
  readonly signals: RelaySignal[];
  readonly stopped: string[];
};

const textOf = (event: RunEvent): string => ("text" in event ? event.text : "x");

/** A log as runs have it: text has as many units as characters. */
export function createTextLog(): ReplayLog<RunEvent> {
  const delta = (text: string): RunEvent => ({ type: "text-delta", text });
  return new ReplayLog<RunEvent>({
    units: (event) => textOf(event).length,
    joins: () => true,
    join: (events) => delta(events.map(textOf).join("")),
    split: (event, units) => [delta(textOf(event).slice(0, units)), delta(textOf(event).slice(units))],
  });
}

let count = 0;

/** Opens a process on a port of Redis, or of a proxy before it. */
export async function openRelay(
  port: number,
  fields: { keyPrefix: string; secret?: string; start?: RelayHandlers["start"] },
): Promise<RelayStage> {
  const name = `process-${++count}`;
  const stage = openLink(port, fields);
  await until(() => stage.link.state.isOk, "it is connected");
  const logs = new Map<string, ReplayLog<RunEvent>>();
  const signals: RelaySignal[] = [];
  const stopped: string[] = [];
  const relay = createRedisRelay({
    link: stage.link,
    owner: name,
    secret: fields.secret ?? "a secret of theirs",
  });
  await relay.serve({
    openLog: (runId) => {
      const log = logs.get(runId);
      return log && { follow: (position, options) => log.follow(position, options) };
    },
    async stop(runId) {
      stopped.push(runId);
    },
    start: fields.start ?? (() => Promise.reject(new Error("Nothing starts here."))),
    onSignal: (signal) => signals.push(signal),
  });
  return {
    name,
    relay,
    stage,
    logs,
    signals,
    stopped,
    async [Symbol.asyncDispose]() {
      await relay.close();
      stage[Symbol.dispose]();
    },
  };
}

/** What a follower has put together, as the chat does: what it has seen is dropped, and what is missing asked for anew. */
export type FollowedText = { text: string; entries: number; lost: number };

/** Follows a run from the beginning until its text is whole. */
export async function followText(
  relay: RunRelay,
  where: { owner: string; runId: string; length: number },
  followed: FollowedText = { text: "", entries: 0, lost: 0 },
): Promise<FollowedText> {
  while (followed.text.length < where.length) {
    try {
      await followOnce(relay, where, followed);
    } catch (error) {
      if (!(error instanceof OwnerLost)) throw error;
      followed.lost++;
    }
    await pause(5);
  }
  return followed;
}

async function followOnce(
  relay: RunRelay,
  { owner, runId }: { owner: string; runId: string },
  followed: FollowedText,
): Promise<void> {
  for await (const entry of relay.follow(owner, runId, { position: followed.text.length })) {
    if (!take(followed, entry)) return;
  }
}

function take(followed: FollowedText, { item, position }: RelayedEntry): boolean {
  const text = textOf(item);
  const start = position - text.length;
  if (start > followed.text.length) return false;
  followed.text += text.slice(followed.text.length - start);
  followed.entries++;
  return true;
}
