import {
  createFakeUpstream,
  spawnBackend,
  startBackend,
  type BackendOptions,
  type FakeUpstream,
  type FakeUpstreamOptions,
  type ReplyChoice,
} from "@llm-backend/testing";
import { watchHealth, type HealthWatch } from "./health-watch.ts";
import type { HeardAnswer } from "./heard-answer.ts";
import { askV1, callerToken, type V1Request } from "./v1-caller.ts";

/** Where an upstream of the stage comes from: a reply, a whole upstream, or the base URL of something that is none. */
export type StageUpstream = ReplyChoice | FakeUpstreamOptions | string;

/** A backend, in this process or in its own. */
export type StageBackend = AsyncDisposable & {
  readonly url: string;
  readonly logLines: readonly string[];
  /** Only of a backend in a process of its own. */
  readonly pid?: number;
};

/** What a stage is made of. */
export type FaultStageOptions = {
  readonly upstreams: readonly StageUpstream[];
  /** Further keys of the entries of the configuration, in the order of the upstreams. */
  readonly entries?: readonly Readonly<Record<string, unknown>>[];
  readonly config?: Readonly<Record<string, unknown>>;
  /** Runs the backend in a process of its own; with a PEM file it trusts the authorities in there. */
  readonly ownProcess?: true | { readonly trustedAuthorities: string };
  /** Where a backend in a process of its own listens. @default any port of loopback */
  readonly addr?: string;
};

/** An attempt, as the log tells it. */
export type LoggedAttempt = {
  readonly upstream: string;
  readonly outcome: string;
  readonly status?: number;
  readonly keyLast4?: string;
  readonly usage?: Readonly<Record<string, number>>;
};

/** Upstreams that misbehave, a backend before them, and somebody who watches whether it lives. */
export type FaultStage = AsyncDisposable & {
  readonly backend: StageBackend;
  /** The fake ones, in their order; upstreams that are only an address are left out. */
  readonly upstreams: readonly FakeUpstream[];
  readonly health: HealthWatch;
  /** What must not be seen by any caller: keys, addresses. */
  readonly secrets: readonly string[];
  ask(fields?: Readonly<Record<string, unknown>>, rest?: Omit<V1Request, "body">): Promise<HeardAnswer>;
  /** Every attempt so far, in the order in which they ended. */
  attempts(): LoggedAttempt[];
};

/**
 * The clocks of upstreams whose fault is silence. All others have the usual ones, which no busy machine runs down.
 */
const shortClocks = {
  connect_seconds: 0.3,
  first_byte_seconds: 0.3,
  whole_answer_seconds: 0.3,
  first_token_seconds: 0.3,
  idle_seconds: 0.3,
};

/** The entry of an upstream that keeps silent. */
export const silent = { clocks: shortClocks };

const isOptions = (given: object): given is FakeUpstreamOptions => !("steps" in given);

async function openUpstream(given: StageUpstream): Promise<FakeUpstream | undefined> {
  if (typeof given === "string") return undefined;
  const options = typeof given === "object" && isOptions(given) ? given : { reply: given };
  // What a backend looks up by itself is no part of a fault.
  return createFakeUpstream({ ...options, logsModelLists: false });
}

async function openBackend(
  ownProcess: FaultStageOptions["ownProcess"],
  options: BackendOptions,
): Promise<StageBackend> {
  if (ownProcess === undefined) return startBackend(options);
  const log = { level: "debug", format: "json" };
  const trusting = ownProcess === true ? {} : ownProcess;
  return spawnBackend({ ...options, ...trusting, config: { ...options.config, log } });
}

/** A key that no other upstream has, and that is known again wherever it shows. */
const toKey = (index: number): string => `sk-canary-${index}-9f3b7c51d2e84a60`;

/** Sets a stage; upstreams are named `upstream-0`, `upstream-1` and so on, and are asked in this order. */
export async function setFaultStage(options: FaultStageOptions): Promise<FaultStage> {
  await using cleanup = new AsyncDisposableStack();
  const opened = await Promise.all(options.upstreams.map(openUpstream));
  for (const upstream of opened) if (upstream !== undefined) cleanup.use(upstream);
  const entries = opened.map((upstream, index) => ({
    name: `upstream-${index}`,
    endpoint: upstream?.url ?? (options.upstreams[index] as string),
    sk: toKey(index),
    ...options.entries?.[index],
  }));
  const backend = cleanup.use(
    await openBackend(options.ownProcess, {
      upstreams: entries,
      // With all of the pool's health and retries, which other tests leave out.
      config: { authorization: callerToken, gateway: {}, ...options.config },
      ...(options.addr !== undefined && { addr: options.addr }),
    }),
  );
  const health = cleanup.use(watchHealth(backend.url));
  const kept = cleanup.move();
  const hosts = entries.map(({ endpoint }) => URL.parse(endpoint)?.host ?? "");
  return {
    backend,
    upstreams: opened.filter((upstream) => upstream !== undefined),
    health,
    secrets: [...entries.map(({ sk }) => sk), ...hosts, callerToken].filter((secret) => secret !== ""),
    ask: (fields, rest) => askV1(backend.url, fields, rest),
    attempts: () => readAttempts(backend.logLines),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** The attempts that a log tells of. */
export function readAttempts(logLines: readonly string[]): LoggedAttempt[] {
  return logLines.flatMap((line) => {
    if (!line.includes('"attempt"')) return [];
    const { attempt } = JSON.parse(line) as { attempt?: LoggedAttempt };
    return attempt ?? [];
  });
}
