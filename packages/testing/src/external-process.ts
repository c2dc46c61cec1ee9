import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

/** A program that is not ours, and listens where it was told to. */
export type ExternalProcess = AsyncDisposable & { readonly pid: number; readonly port: number };

/** How long it may take to start. */
const startMsMax = 20_000;

/** What is started. */
export type Program = {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
};

/**
 * Starts a program and waits until its port can be connected to.
 *
 * @throws Error with what it printed when it ends or does not listen in time.
 */
export async function startExternal(port: number, { command, args, env }: Program): Promise<ExternalProcess> {
  const child = spawn(command, args, {
    stdio: ["ignore", "pipe", "pipe"],
    ...(env === undefined ? {} : { env }),
  });
  let printed = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      printed = (printed + text).slice(-2000);
    });
  }
  const exited = once(child, "exit").catch((error: unknown) => {
    printed += String(error);
  });
  const stop = async () => {
    child.kill("SIGTERM");
    await Promise.race([exited, delay(2000)]);
    child.kill("SIGKILL");
    await exited;
  };
  const deadline = performance.now() + startMsMax;
  while (!(await canConnect(port))) {
    if (child.exitCode !== null || child.pid === undefined || performance.now() > deadline) {
      await stop();
      throw new Error(printed.trim());
    }
    await delay(50);
  }
  return { pid: child.pid as number, port, [Symbol.asyncDispose]: stop };
}

async function canConnect(port: number): Promise<boolean> {
  const socket = connect({ port, host: "127.0.0.1" });
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
