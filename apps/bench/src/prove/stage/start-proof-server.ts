import { setTimeout as delay } from "node:timers/promises";
import { spawnBackend, type BackendProcess } from "@llm-backend/testing";
import { call } from "./call.ts";

/** Limits of a single user, out of the way of proofs that are one user. */
const limits = { streams_per_user_max: 10_000, runs_per_user_max: 10_000, waiting_runs_max: 1000 };

/** What a proof says about its server. */
export type ProofServerOptions = {
  /** Further keys of the configuration. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** What its environment has besides. */
  readonly env?: Readonly<Record<string, string>>;
  /** Where it listens, and each that comes after it. @default any free port, another one after each restart */
  readonly addr?: string;
};

/** Starts the real program in a process of its own, before an upstream. */
export async function startProofServer(
  upstreamUrl: string,
  options: ProofServerOptions = {},
): Promise<BackendProcess> {
  const server = await spawnBackend({
    ...options,
    upstreams: [upstreamUrl],
    config: { limits, ...options.config },
    program: "built",
  });
  await untilReady(server.url);
  return server;
}

/** A server that has been started again. */
export type StartedAgain = {
  readonly server: BackendProcess;
  /** From the start of the process until it is ready. */
  readonly readyMs: number;
};

/** Starts another process on the data of one that has ended; answers when it is ready. */
export async function startAgain(before: BackendProcess): Promise<StartedAgain> {
  const startedAt = performance.now();
  const server = await before.restart();
  await untilReady(server.url);
  return { server, readyMs: performance.now() - startedAt };
}

/** A server that was ended, and the one that came after it. */
export type Restarted = StartedAgain & {
  /** The exit code of the one before, or the signal that ended it. */
  readonly exit: number | NodeJS.Signals;
  /** From the signal to the end of the process. */
  readonly endedMs: number;
};

/** Ends a server with a signal, and starts another one on its data. */
export async function restartServer(server: BackendProcess, signal: NodeJS.Signals): Promise<Restarted> {
  const toldAt = performance.now();
  const exit = await server.kill(signal);
  const endedMs = performance.now() - toldAt;
  return { exit, endedMs, ...(await startAgain(server)) };
}

async function untilReady(url: string): Promise<void> {
  const deadline = performance.now() + 30_000;
  for (;;) {
    const status = await call("GET", `${url}/readyz`).then(
      (answer) => answer.status,
      () => 0,
    );
    if (status === 200) return;
    if (performance.now() > deadline) throw new Error(`${url}/readyz answered ${status} for 30 s.`);
    await delay(2);
  }
}
