import { percentile } from "../../statistics.ts";
import type { PacedWindow } from "./jobs.ts";

/** What tokens come within a time, and what reading them costs. */
export type WindowMeter = {
  /** Learns of a token, with how long it was on its way. */
  note(delayMs: number): void;
  /** Begins anew. */
  begin(): void;
  /** What came since. */
  end(): PacedWindow;
};

/** Creates a meter that has begun. */
export function createWindowMeter(): WindowMeter {
  let delaysMs: number[] = [];
  let cpu = process.cpuUsage();
  return {
    note: (delayMs) => void delaysMs.push(delayMs),
    begin() {
      delaysMs = [];
      cpu = process.cpuUsage();
    },
    end() {
      const { user, system } = process.cpuUsage(cpu);
      const seen = delaysMs;
      return {
        tokens: seen.length,
        delayP50Ms: percentile(seen, 50),
        delayP99Ms: percentile(seen, 99),
        readerCpuMs: (user + system) / 1000,
      };
    },
  };
}
