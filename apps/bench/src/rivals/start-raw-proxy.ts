import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** A running pass-through. */
export type RawProxy = AsyncDisposable & { readonly pid: number; readonly url: string };

/** Starts the pass-through in front of an upstream, and waits until it listens. */
export async function startRawProxy(upstreamPort: number): Promise<RawProxy> {
  const entry = fileURLToPath(new URL("raw-proxy.ts", import.meta.url));
  const child = spawn(process.execPath, [entry, String(upstreamPort)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  const [line] = (await once(createInterface(child.stdout), "line")) as [string];
  const { port } = JSON.parse(line) as { port: number };
  return {
    pid: child.pid as number,
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await exited;
    },
  };
}
