import { execFile, spawn, type ChildProcess } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import {
  answerAsAsked,
  createFakeUpstream,
  spawnBackend,
  type BackendOptions,
  type BackendProcess,
  type FakeUpstream,
  type ReplyChoice,
} from "@llm-backend/testing";
import { expect } from "vitest";
import { until } from "../callers/chat-stage.ts";
import { createRestCaller, registerUser, type RestCaller } from "../callers/rest-caller.ts";
import { createTrpcCaller, type TrpcCaller } from "../callers/trpc-caller.ts";
import { parsePrometheus } from "../metrics/prometheus-text.ts";
import { isFullSize } from "./full-size.ts";
import type { HeardAnswer } from "./heard-answer.ts";
import { goodText } from "./judge-fault.ts";
import { judgeEnding } from "./oracle.ts";
import { askV1, callerToken } from "./v1-caller.ts";

/** How long a test may take that starts processes, on a machine that is busy with others. */
export const hostTestMs = isFullSize ? 600_000 : 120_000;

/** What a backend says of itself. */
export type Ready = { readonly status: number; readonly checks: Readonly<Record<string, string>> };

/** What a stage is made of: a backend in a process of its own, on a host that misbehaves. */
export type HostStageOptions = Pick<BackendOptions, "env" | "startedBy" | "folder"> & {
  readonly reply?: ReplyChoice;
  readonly config?: Readonly<Record<string, unknown>>;
};

/** A backend in a process of its own, its upstream, and a user. */
export type HostStage = AsyncDisposable & {
  /** The process of this moment. */
  readonly backend: BackendProcess;
  readonly upstream: FakeUpstream;
  readonly user: RestCaller;
  readonly trpc: TrpcCaller;
  ask(fields?: Readonly<Record<string, unknown>>): Promise<HeardAnswer>;
  /** Something that has to last, once it is acknowledged: its status is 200 then. */
  keep(title: string): Promise<number>;
  /** The titles of everything that is kept. */
  kept(): Promise<string[]>;
  readiness(): Promise<Ready>;
  /** A number of `/metrics`, without its prefix. */
  metric(name: string, labels?: Readonly<Record<string, string>>): Promise<number | undefined>;
  /** The lines of the log that say something. */
  logged(words: string | RegExp): string[];
  /** Kills the process, and starts another one on the same data. */
  killAndRestart(): Promise<void>;
};

type Page = { readonly conversations: readonly { title: string }[]; readonly nextCursor: number | null };

/** Sets a stage. */
export async function setHostStage(options: HostStageOptions = {}): Promise<HostStage> {
  const { reply = answerAsAsked(goodText), config, ...rest } = options;
  await using cleanup = new AsyncDisposableStack();
  const upstream = cleanup.use(await createFakeUpstream({ reply, logsModelLists: false }));
  const log = { level: "info", format: "json" };
  let backend = await spawnBackend({
    ...rest,
    upstreams: [upstream.url],
    config: { authorization: callerToken, log, ...config },
  });
  cleanup.defer(() => backend[Symbol.asyncDispose]());
  const { token } = await registerUser(backend.url);
  const kept = cleanup.move();
  const toUser = () => createRestCaller(backend.url, token);
  return {
    get backend() {
      return backend;
    },
    upstream,
    get user() {
      return toUser();
    },
    get trpc() {
      return createTrpcCaller(backend.url, token);
    },
    ask: (fields) => askV1(backend.url, fields),
    async keep(title) {
      const answer = await toUser().post("/api/conversations/create", { title, model: "fake-model" });
      await answer.text();
      return answer.status;
    },
    async kept() {
      const titles: string[] = [];
      let cursor: number | null = null;
      do {
        const page: Page = await createTrpcCaller(backend.url, token).query<Page>("conversation.list", {
          limit: 100,
          ...(cursor !== null && { cursor }),
        });
        titles.push(...page.conversations.map(({ title }) => title));
        cursor = page.nextCursor;
      } while (cursor !== null);
      return titles;
    },
    async readiness() {
      const answer = await fetch(`${backend.url}/readyz`);
      const { checks } = (await answer.json()) as { checks: Record<string, string> };
      return { status: answer.status, checks };
    },
    async metric(name, labels) {
      const answer = await fetch(`${backend.url}/metrics`);
      return parsePrometheus(await answer.text()).find(`llm_backend_${name}`, labels);
    },
    logged: (words) =>
      backend.logLines.filter((line) =>
        typeof words === "string" ? line.includes(words) : words.test(line),
      ),
    async killAndRestart() {
      await backend.kill("SIGKILL");
      backend = await backend.restart();
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** Waits until something holds, as long as it may take on a busy machine. */
export async function untilAtLast(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = performance.now() + hostTestMs / 2;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`Waited in vain: ${what}`);
    await pause(20);
  }
}

/** Waits until a backend is ready. */
export const untilReady = (stage: HostStage): Promise<void> =>
  untilAtLast(
    () =>
      stage.readiness().then(
        ({ status }) => status === 200,
        () => false,
      ),
    "the backend is ready",
  );

/** What holds after any fault of a host that the process has lived through: it serves, stores, and is ready. */
export async function judgeHost(stage: HostStage, acknowledged: readonly string[] = []): Promise<void> {
  await untilReady(stage);
  const heard = await stage.ask();
  expect(judgeEnding(heard, [callerToken])).toBe("whole");
  expect(await stage.keep("afterwards")).toBe(200);
  const kept = await stage.kept();
  for (const title of [...acknowledged, "afterwards"])
    expect(
      kept.filter((one) => one === title),
      title,
    ).toHaveLength(1);
  expect(stage.logged("Internal error")).toEqual([]);
}

/** Where a program of the host is; undefined where it is not installed. */
export function findProgram(name: string): string | undefined {
  return ["/usr/bin", "/bin", "/usr/sbin", "/sbin"]
    .map((folder) => `${folder}/${name}`)
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/** For tests that need something of their host: without it they are skipped, and say why. */
export const needs = (isThere: unknown, what: string) => ({
  skip: isThere === undefined || isThere === false,
  meta: { skipReason: `needs ${what}` },
});

export const strace = findProgram("strace");
export const isRoot = process.getuid?.() === 0;
export const run = promisify(execFile);

/** Makes system calls of a process fail, until it is disposed. */
export async function injectFault(pid: number, fault: string): Promise<AsyncDisposable> {
  const [call = ""] = fault.split(":");
  const words = [
    "-f",
    "-q",
    "-e",
    `trace=${call}`,
    "-e",
    `inject=${fault}`,
    "-o",
    "/dev/null",
    "-p",
    String(pid),
  ];
  const tracer: ChildProcess = spawn(strace ?? "strace", words, { stdio: "ignore" });
  const ended = new Promise((resolve) => tracer.once("exit", resolve));
  const isTraced = async () => !/TracerPid:\s+0\b/.test((await run("cat", [`/proc/${pid}/status`])).stdout);
  await until(isTraced, "strace has taken hold of the process");
  return {
    async [Symbol.asyncDispose]() {
      tracer.kill("SIGINT");
      await ended;
    },
  };
}
