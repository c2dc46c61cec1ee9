/** How late the event loop is. */
export type LoopLag = Disposable & {
  /** By how much the last look was late, in milliseconds. */
  readonly lastMs: () => number;
  /** Whether it has been late for a while, by this process's own work. */
  readonly isLate: () => boolean;
};

/** What is read of the time; replaced in tests. */
export type LagClock = {
  readonly now: () => number;
  /** The time of the processor that the event loop's thread has used, in milliseconds. */
  readonly cpuMs: () => number;
};

const everyMs = 50;
/** Later than that, callers notice. */
const lateMs = 200;
/** One long turn is over before anybody could be refused for it; so many in a row are no accident. */
const lateLooksMin = 4;

const machineClock: LagClock = {
  now: () => performance.now(),
  cpuMs() {
    const { user, system } = process.threadCpuUsage();
    return (user + system) / 1000;
  },
};

/** What a look at the clock found. */
type Look = { readonly at: number; readonly cpuMs: number };

/** Counts late looks. A machine that is busy with other things makes them late too, which refusing would not mend. */
export function createLagCount(clock: LagClock = machineClock) {
  let last: Look = { at: clock.now(), cpuMs: clock.cpuMs() };
  let lagMs = 0;
  let lateLooks = 0;
  return {
    look() {
      const now: Look = { at: clock.now(), cpuMs: clock.cpuMs() };
      const tookMs = now.at - last.at;
      lagMs = Math.max(0, tookMs - everyMs);
      const isOwnWork = now.cpuMs - last.cpuMs > lateMs / 2;
      lateLooks = lagMs > lateMs && isOwnWork ? lateLooks + 1 : 0;
      last = now;
    },
    lastMs: () => lagMs,
    isLate: () => lateLooks >= lateLooksMin,
  };
}

/** Begins to watch the event loop: twenty looks a second, of microseconds each. */
export function watchLoopLag(): LoopLag {
  const count = createLagCount();
  const timer = setInterval(() => count.look(), everyMs).unref();
  return { lastMs: count.lastMs, isLate: count.isLate, [Symbol.dispose]: () => clearInterval(timer) };
}
