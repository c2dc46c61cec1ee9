import type { Server } from "node:http";
import type { Logger } from "pino";
import { collectGarbage } from "./collect-garbage.ts";
import { watchDescriptors } from "./descriptors.ts";
import { watchLoopLag } from "./loop-lag.ts";
import { isMemoryShort, readMemoryUse } from "./memory-use.ts";

/** What the process is short of. */
export type Shortage = "event_loop" | "memory" | "descriptors";

/** How the process is, in numbers. */
export type PressureState = {
  readonly loopLagMs: number;
  readonly heapShare: number;
  readonly descriptors: { readonly used: number; readonly max: number };
  /** Requests that were refused, and connections that were closed at once. */
  readonly shed: Readonly<Record<Shortage, number>>;
};

/** Tells when the process should take no new work. */
export type Pressure = Disposable & {
  /** What it is short of now. Costs next to nothing. */
  readonly shortage: () => Shortage | undefined;
  /** The same for a request, which is refused then: it is counted. */
  shed(): Shortage | undefined;
  readonly state: () => PressureState;
  /** Closes connections that come to a server when there are hardly any descriptors left. */
  guard(servers: readonly Server[]): void;
};

/** What is said of a shortage, in the log and by `/readyz`. */
export const shortageWords: Readonly<Record<Shortage, string>> = {
  event_loop: "the event loop is late",
  memory: "memory is short",
  descriptors: "descriptors are short",
};

const everyMs = 100;
const refusedShare = 0.9;
const closedShare = 0.95;
/** A process at the edge goes to and fro: it says so now and then. */
const toldMsMin = 10_000;
/** Memory that has been short for so long is looked through for garbage, and again after so long. */
const shortMs = 500;
const collectPauseMsMin = 1_000;
/** A twentieth of the time at most goes into that. */
const collectPauseFactor = 20;

/** Begins to watch. */
export function watchPressure(logger: Pick<Logger, "warn" | "info">): Pressure {
  const lag = watchLoopLag();
  const descriptors = watchDescriptors();
  const shed = { event_loop: 0, memory: 0, descriptors: 0 };
  let memory = readMemoryUse();
  let shortSince: number | undefined;
  let collectAt = 0;
  let told: Shortage | undefined;
  let toldAt = Number.NEGATIVE_INFINITY;

  function shortage(): Shortage | undefined {
    if (descriptors.used() >= descriptors.max * refusedShare) return "descriptors";
    if (isMemoryShort(memory)) return "memory";
    return lag.isLate() ? "event_loop" : undefined;
  }

  function tell(): void {
    const now = shortage();
    if (now === told) return;
    if (now === undefined) logger.info("Takes new work again");
    else if (performance.now() - toldAt < toldMsMin) return;
    else {
      toldAt = performance.now();
      logger.warn({ ...toNumbers() }, `Takes no new work for now: ${shortageWords[now]}`);
    }
    told = now;
  }

  function readMemory(): void {
    memory = readMemoryUse();
    const now = performance.now();
    shortSince = isMemoryShort(memory) ? (shortSince ?? now) : undefined;
    if (shortSince === undefined || now - shortSince < shortMs || now < collectAt) return;
    collectGarbage();
    const tookMs = performance.now() - now;
    collectAt = performance.now() + Math.max(collectPauseMsMin, tookMs * collectPauseFactor);
    memory = readMemoryUse();
  }

  const toNumbers = () => ({
    loopLagMs: Math.round(lag.lastMs()),
    heapShare: Number(memory.heap.toFixed(2)),
    descriptors: { used: descriptors.used(), max: descriptors.max },
  });

  const timer = setInterval(() => {
    readMemory();
    tell();
  }, everyMs).unref();

  return {
    shortage,
    shed() {
      const now = shortage();
      if (now !== undefined) shed[now]++;
      return now;
    },
    state: () => ({ ...toNumbers(), shed }),
    guard(servers) {
      for (const server of servers) {
        server.on("connection", (socket) => {
          descriptors.noteConnection();
          if (descriptors.used() < descriptors.max * closedShare) return;
          shed.descriptors++;
          socket.destroy();
        });
        // The kernel has none left at all: the server goes on listening.
        server.on("error", (error) => logger.warn({ err: error }, "A connection could not be taken"));
      }
    },
    [Symbol.dispose]() {
      clearInterval(timer);
      lag[Symbol.dispose]();
      descriptors[Symbol.dispose]();
    },
  };
}
