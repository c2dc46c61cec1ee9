import type { BudgetWindow } from "@llm-backend/contract";

/** One turn of a budget's window. Times are milliseconds since 1970; days, weeks and months are those of UTC. */
export type Period = {
  readonly start: number;
  /** When the next one begins; undefined for a budget that never begins anew. */
  readonly end: number | undefined;
};

const dayMs = 86_400_000;
/** 1970 began on a Thursday: the Monday before it lies three days back. */
const mondayOffsetMs = 3 * dayMs;

/** The period of a window that a moment lies in. Weeks begin on Monday. */
export function toPeriod(window: BudgetWindow, now: number): Period {
  switch (window) {
    case "day": {
      const start = Math.floor(now / dayMs) * dayMs;
      return { start, end: start + dayMs };
    }
    case "week": {
      const weekMs = 7 * dayMs;
      const start = Math.floor((now + mondayOffsetMs) / weekMs) * weekMs - mondayOffsetMs;
      return { start, end: start + weekMs };
    }
    case "month": {
      const date = new Date(now);
      const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
      return { start: Date.UTC(year, month), end: Date.UTC(year, month + 1) };
    }
    case "total":
      return { start: 0, end: undefined };
  }
}
