import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { findClosedPort } from "../fake-upstream/dead-ports.ts";
import { createRespReader, toCommand, type RespValue } from "./resp-reader.ts";

/** A real redis-server on loopback, without persistence. */
export type RedisServer = AsyncDisposable & {
  /** Of the process that runs now. */
  readonly pid: number;
  readonly port: number;
  readonly url: string;
  /** Sends a command, and answers with what came back. */
  command(...words: string[]): Promise<RespValue>;
  /** Forgets everything. */
  flush(): Promise<void>;
  /** `kill -9`; resolves when it is gone. */
  kill(): Promise<void>;
  /** Starts it again on the same port, empty; with arguments, with those. */
  restart(extra?: readonly string[]): Promise<void>;
  /** Stops its process without closing anything (SIGSTOP): it answers nothing until `resume`. */
  pause(): void;
  resume(): void;
};

/** Why no redis-server can be started on this machine; undefined where one can. */
export function findRedisObstacle(): string | undefined {
  try {
    execFileSync("redis-server", ["--version"], { stdio: "ignore" });
    return undefined;
  } catch {
    return "redis-server is not installed (apt install redis-server)";
  }
}

/** Starts a server; disposing it kills it. */
export async function startRedisServer(extra: readonly string[] = []): Promise<RedisServer> {
  const port = await findClosedPort();
  let child = await launch(port, extra);
  const kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
  };
  const command = (...words: string[]) => sendCommand(port, words);
  return {
    get pid() {
      return child.pid as number;
    },
    port,
    url: `redis://127.0.0.1:${port}`,
    command,
    async flush() {
      await command("FLUSHALL");
    },
    kill,
    async restart(other = extra) {
      await kill();
      child = await launch(port, other);
    },
    pause: () => void child.kill("SIGSTOP"),
    resume: () => void child.kill("SIGCONT"),
    [Symbol.asyncDispose]: kill,
  };
}

async function launch(port: number, extra: readonly string[]): Promise<ChildProcess> {
  const plain = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
  const child = spawn("redis-server", [...plain, "--dir", "/tmp", ...extra], { stdio: "ignore" });
  // A server outlives nobody who forgets to end it.
  process.once("exit", () => child.kill("SIGKILL"));
  for (let tries = 0; tries < 500; tries++) {
    if (child.exitCode !== null) throw new Error(`redis-server ended with ${child.exitCode}`);
    const answer = await sendCommand(port, ["PING"]).catch(() => undefined);
    if (answer !== undefined) return child;
    await wait(10);
  }
  throw new Error("redis-server does not answer");
}

function sendCommand(port: number, words: readonly string[]): Promise<RespValue> {
  return new Promise((resolve, reject) => {
    const read = createRespReader();
    const socket = connect(port, "127.0.0.1", () => socket.write(toCommand(words)));
    socket.on("error", reject);
    socket.on("close", () => reject(new Error("Redis has closed the connection")));
    socket.on("data", (bytes) => {
      const [frame] = read(bytes);
      if (frame === undefined) return;
      resolve(frame.value);
      socket.destroy();
    });
  });
}
