import { readdirSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import type { BackendProcess } from "@llm-backend/testing";
import { call, closeIdle } from "../stage/call.ts";

/** What a server process holds at a moment when nobody asks anything of it. */
export type Held = {
  /** Open files and sockets. */
  readonly files: number;
  readonly handles: number;
  readonly timers: number;
};

/** How long what was given up may take to be gone: some of it goes with a timer. */
const settleMsMax = 60_000;
const pollMs = 250;

/** Reads what a server holds, once it holds the same for a while. */
export async function readHeld(server: BackendProcess): Promise<Held> {
  let before = await readOnce(server);
  for (let same = 0; same < 4;) {
    await delay(pollMs);
    const now = await readOnce(server);
    same = toText(now) === toText(before) ? same + 1 : 0;
    before = now;
  }
  return before;
}

/** Waits until a server holds no more than it did, and answers with what it holds beyond that in the end. */
export async function findLeftBehind(server: BackendProcess, before: Held): Promise<Held> {
  const deadline = performance.now() + settleMsMax;
  for (;;) {
    const now = await readOnce(server);
    const left: Held = {
      files: Math.max(0, now.files - before.files),
      handles: Math.max(0, now.handles - before.handles),
      timers: Math.max(0, now.timers - before.timers),
    };
    if (left.files + left.handles + left.timers === 0 || performance.now() > deadline) return left;
    await delay(pollMs);
  }
}

async function readOnce({ url, pid }: BackendProcess): Promise<Held> {
  const { text } = await call("GET", `${url}/metrics`);
  const held = {
    handles: readMetric(text, "nodejs_active_handles_total"),
    timers: readMetric(text, 'nodejs_active_resources{type="Timeout"}'),
  };
  // The connection that has just been used must not count, at whatever stage of its end it is.
  closeIdle();
  return { ...held, files: readdirSync(`/proc/${pid}/fd`).length };
}

/** A kind of which there is none has no line. */
function readMetric(text: string, name: string): number {
  const line = text.split("\n").find((each) => each.startsWith(`${name} `));
  return Number(line?.slice(name.length + 1) ?? 0);
}

const toText = (held: Held) => JSON.stringify(held);
