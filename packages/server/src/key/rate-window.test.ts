import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRateWindow } from "./rate-window.ts";

const minuteMs = 60_000;
const startAt = Date.UTC(2026, 5, 1);

describe("a rate window", () => {
  it("never lets more than the limit in within any minute, whenever requests come", () => {
    const request = fc.record({ pauseMs: fc.nat(15_000), amount: fc.integer({ min: 1, max: 5 }) });
    fc.assert(
      fc.property(
        fc.array(request, { maxLength: 200 }),
        fc.integer({ min: 1, max: 12 }),
        (requests, limit) => {
          const window = createRateWindow(startAt);
          const taken: { at: number; amount: number }[] = [];
          let now = startAt;
          for (const { pauseMs, amount } of requests) {
            now += pauseMs;
            if (window.waitMs(amount, limit, now) !== 0) continue;
            window.add(amount, now);
            taken.push({ at: now, amount });
            const recent = taken.filter(({ at }) => at > now - minuteMs);
            expect(recent.reduce((sum, item) => sum + item.amount, 0)).toBeLessThanOrEqual(limit);
          }
        },
      ),
    );
  });

  it("lets a request in when it said it would, and not before; that is within 61 seconds", () => {
    const request = fc.record({ pauseMs: fc.nat(10_000), amount: fc.integer({ min: 1, max: 5 }) });
    fc.assert(
      fc.property(fc.array(request, { minLength: 1, maxLength: 50 }), (requests) => {
        const limit = 10;
        const window = createRateWindow(startAt);
        let now = startAt;
        for (const { pauseMs, amount } of requests) {
          now += pauseMs;
          const waitMs = window.waitMs(amount, limit, now) ?? Number.NaN;
          expect(waitMs).toBeLessThanOrEqual(minuteMs + 1000);
          if (waitMs > 0) {
            expect(window.waitMs(amount, limit, now + waitMs - 1)).toBe(1);
            now += waitMs;
          }
          expect(window.waitMs(amount, limit, now)).toBe(0);
          window.add(amount, now);
        }
      }),
    );
  });

  it("knows what never fits", () => {
    expect(createRateWindow(startAt).waitMs(11, 10, startAt)).toBeUndefined();
  });

  it("takes back what was counted, as long as it still counts", () => {
    const window = createRateWindow(startAt);
    const mark = window.add(8, startAt);
    window.add(1, startAt + 500);
    window.takeBack(5, mark);
    expect(window.used(startAt)).toBe(4);
    expect(window.used(startAt + minuteMs + 1000)).toBe(0);
    window.add(2, startAt + minuteMs + 1000);
    window.takeBack(3, mark);
    expect(window.used(startAt + minuteMs + 1000)).toBe(2);
  });

  it("says when all of it is forgotten", () => {
    const window = createRateWindow(startAt);
    expect(window.resetMs(startAt)).toBe(0);
    window.add(1, startAt);
    window.add(1, startAt + 5250);
    const resetMs = window.resetMs(startAt + 5250);
    expect(window.used(startAt + 5250 + resetMs - 1)).toBe(1);
    expect(window.used(startAt + 5250 + resetMs)).toBe(0);
  });

  it("forgets nothing early, and nothing too late, when its clock is set back or jumps", () => {
    const window = createRateWindow(startAt);
    window.add(5, startAt + 30_000);
    expect(window.used(startAt - 3_600_000)).toBe(5);
    window.add(1, startAt - 3_600_000);
    expect(window.used(startAt + 30_000)).toBe(6);
    expect(window.used(startAt + 365 * 86_400_000)).toBe(0);
  });
});
