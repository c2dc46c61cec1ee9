import { spawn } from "node:child_process";
import { getCompileCacheDir } from "node:module";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { createFrameReader, type SynthesisFrame, type SynthesisRequest } from "./synthesiser-frames.ts";

/** A process of the synthesiser, as its owner sees it. */
export type SynthesiserProcess = {
  readonly pid: number | undefined;
  /** Resolves when it can be asked; undefined where it ended before that. */
  readonly ready: Promise<{ readonly rate: number } | undefined>;
  /** Resolves when the process is gone, with its last words. */
  readonly exited: Promise<string>;
  ask(request: SynthesisRequest): void;
  kill(): void;
};

const entry = fileURLToPath(
  new URL(`./synthesiser-process${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`, import.meta.url),
);
const lastWordsMax = 500;

/** Four fifths of a megabyte of code would be compiled anew each time: what is compiled is kept where ours is. */
function toEnvironment(): Record<string, string> {
  const folder = getCompileCacheDir();
  return folder === undefined ? {} : { NODE_COMPILE_CACHE: dirname(folder) };
}

/** Starts a process; nothing of our environment reaches it, and it ends with us. */
export function startSynthesiserProcess(onFrame: (frame: SynthesisFrame) => void): SynthesiserProcess {
  const child = spawn(process.execPath, [entry], { stdio: ["pipe", "pipe", "pipe"], env: toEnvironment() });
  const ready = Promise.withResolvers<{ readonly rate: number } | undefined>();
  const exited = Promise.withResolvers<string>();
  const read = createFrameReader();
  let lastWords = "";

  child.stdout.on("data", (bytes: Buffer) => {
    try {
      for (const frame of read(bytes)) {
        if (frame.type === "ready") ready.resolve({ rate: frame.rate });
        else onFrame(frame);
      }
    } catch (error) {
      lastWords = String(error);
      child.kill("SIGKILL");
    }
  });
  child.stderr.on("data", (bytes: Buffer) => {
    lastWords = (lastWords + bytes.toString()).slice(-lastWordsMax);
  });
  // What cannot be written is asked of a process that has ended: that tells.
  child.stdin.on("error", () => {});
  const end = (how: string) => {
    ready.resolve(undefined);
    exited.resolve(`${how} ${lastWords}`.trim());
  };
  child.once("error", (error) => end(error.message));
  child.once("exit", (code, signal) => end(`ended with ${signal ?? code}.`));
  return {
    pid: child.pid,
    ready: ready.promise,
    exited: exited.promise,
    ask: (request) => void child.stdin.write(`${JSON.stringify(request)}\n`),
    kill: () => void child.kill("SIGKILL"),
  };
}
