import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Pace } from "./paced-upstream.ts";
import type { Reply } from "./reply-steps.ts";

/** A fake upstream that runs in a process of its own. */
export type FakeUpstreamProcess = AsyncDisposable & {
  readonly pid: number;
  readonly port: number;
  readonly url: string;
};

// Beside this file, in the language this file is in: source or build.
const entry = fileURLToPath(
  new URL(`./main${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`, import.meta.url),
);

function toArguments(answers: Pace | { readonly reply: Reply }): string[] {
  if ("reply" in answers) return ["--reply", JSON.stringify(answers.reply)];
  const { tokens, tokensPerSecond, textChars, firstTokenMs } = answers;
  const flags = {
    "--tokens": tokens,
    "--tokens-per-second": tokensPerSecond,
    "--text-chars": textChars,
    "--first-token-ms": firstTokenMs,
  };
  return Object.entries(flags).flatMap(([flag, value]) => (value === undefined ? [] : [flag, String(value)]));
}

/**
 * Starts the fake upstream outside this process, so that a measurement does not pay for it: paced answers, or one
 * scripted reply made of plain data.
 */
export async function startFakeUpstreamProcess(
  answers: Pace | { readonly reply: Reply },
): Promise<FakeUpstreamProcess> {
  const child = spawn(process.execPath, [entry, ...toArguments(answers)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  const failed = exited.then(([code]) => {
    throw new Error(`The fake upstream ended with ${code} before it listened.`);
  });
  // It ends some day in any case; what matters is only whether that was too early.
  failed.catch(() => {});
  const [line] = await Promise.race([once(createInterface(child.stdout), "line"), failed]);
  const port = Number(JSON.parse(String(line)).port);
  return {
    pid: child.pid ?? 0,
    port,
    url: `http://127.0.0.1:${port}/v1`,
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await exited;
    },
  };
}
