import type { AlertClock } from "./alert-clock.ts";
import type { Alert } from "./alert.ts";

/** Lets one alert of each cause through in a while, at once where it is the first; the others are counted. */
export type CauseThrottle = {
  offer(alert: Alert): void;
  /** Forgets what waits. */
  close(): void;
};

type Cause = {
  sentAt: number;
  waiting: { readonly alert: Alert; readonly count: number } | undefined;
  cancel: (() => void) | undefined;
};

/** More causes than upstreams and keys are likely to be; beyond that, those that are over are forgotten. */
const causesMax = 1000;

/** Creates the throttle; `pass` gets an alert and how often it has happened since the one before. */
export function createCauseThrottle(given: {
  readonly clock: AlertClock;
  readonly intervalMs: number;
  readonly pass: (alert: Alert, count: number) => void;
}): CauseThrottle {
  const { clock, intervalMs, pass } = given;
  const causes = new Map<string, Cause>();

  function forgetThoseOver(): void {
    for (const [name, { sentAt, waiting }] of causes) {
      if (waiting === undefined && clock.elapsed() - sentAt >= intervalMs) causes.delete(name);
    }
  }

  function passWaiting(cause: Cause): void {
    const { waiting } = cause;
    cause.waiting = undefined;
    cause.cancel = undefined;
    if (waiting === undefined) return;
    cause.sentAt = clock.elapsed();
    pass(waiting.alert, waiting.count);
  }

  return {
    offer(alert) {
      const cause = causes.get(alert.cause);
      const now = clock.elapsed();
      if (cause === undefined || (cause.waiting === undefined && now - cause.sentAt >= intervalMs)) {
        if (causes.size >= causesMax) forgetThoseOver();
        causes.set(alert.cause, { sentAt: now, waiting: undefined, cancel: undefined });
        pass(alert, 1);
        return;
      }
      // Back and gone again is one time, not two.
      const repeated = alert.state === "trouble" ? 1 : 0;
      cause.waiting = { alert, count: (cause.waiting?.count ?? 0) + repeated };
      cause.cancel ??= clock.after(cause.sentAt + intervalMs - now, () => passWaiting(cause));
    },
    close() {
      for (const { cancel } of causes.values()) cancel?.();
      causes.clear();
    },
  };
}
