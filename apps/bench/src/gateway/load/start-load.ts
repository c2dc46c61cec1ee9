import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type {
  ClosedLoopJob,
  ClosedLoopResult,
  FirstTokenJob,
  FirstTokenResult,
  LoadAnswer,
  LoadMessage,
  PacedJob,
  PacedResult,
  PacedWindow,
  SignedJob,
  SignedResult,
} from "./jobs.ts";

/** Streams that are open. */
export type OpenStreams<TResult = PacedResult> = {
  /** Looks at what comes while `during` takes its time. */
  watch<TValue>(during: () => Promise<TValue>): Promise<PacedWindow & { readonly value: TValue }>;
  /** Waits for the end of all of them. */
  finish(): Promise<TResult>;
};

/** The reader, seen from the process that conducts the measurements. One job at a time. */
export type Load = AsyncDisposable & {
  closedLoop(job: Omit<ClosedLoopJob, "kind">): Promise<ClosedLoopResult>;
  firstToken(job: Omit<FirstTokenJob, "kind">): Promise<FirstTokenResult>;
  openStreams(job: Omit<PacedJob, "kind">): Promise<OpenStreams>;
  openSigned(job: Omit<SignedJob, "kind">): Promise<OpenStreams<SignedResult>>;
};

/** Starts the reader. */
export function startLoad(): Load {
  const child = fork(fileURLToPath(new URL("main.ts", import.meta.url)));
  const exited = once(child, "exit");

  async function send(message: LoadMessage): Promise<unknown> {
    child.send(message);
    const [answer] = (await Promise.race([
      once(child, "message"),
      exited.then(() => [{ error: "The reader ended." }]),
    ])) as [LoadAnswer];
    if ("error" in answer) throw new Error(answer.error);
    return answer.result;
  }

  async function open<TResult>(job: PacedJob | SignedJob): Promise<OpenStreams<TResult>> {
    await send(job);
    return {
      async watch(during) {
        await send({ kind: "begin" });
        const value = await during();
        return { ...((await send({ kind: "end" })) as PacedWindow), value };
      },
      finish: async () => (await send({ kind: "finish" })) as TResult,
    };
  }

  return {
    closedLoop: async (job) => (await send({ kind: "closed-loop", ...job })) as ClosedLoopResult,
    firstToken: async (job) => (await send({ kind: "first-token", ...job })) as FirstTokenResult,
    openStreams: (job) => open({ kind: "paced", ...job }),
    openSigned: (job) => open({ kind: "signed", ...job }),
    async [Symbol.asyncDispose]() {
      child.disconnect();
      await exited;
    },
  };
}
