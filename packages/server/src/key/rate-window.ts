/** What was used within the last minute, counted by the second. */
export type RateWindow = {
  /** How much was used within the last minute. */
  used(now: number): number;
  /** Counts an amount; answers with the mark under which it is taken back. */
  add(amount: number, now: number): number;
  /** Takes back some of what was counted under a mark; nothing once its minute is over. */
  takeBack(amount: number, mark: number): void;
  /** In how many milliseconds an amount fits beneath a limit; undefined when it never does. */
  waitMs(amount: number, limit: number, now: number): number | undefined;
  /** In how many milliseconds all of it is forgotten. */
  resetMs(now: number): number;
};

const secondMs = 1000;
/** A minute touches 61 seconds: the first of them counts until it has passed whole, so that no minute has too much. */
const slotsMax = 61;

/** Creates a window: half a kilobyte, whatever is counted. A clock that is set back stands still until it is caught up. */
export function createRateWindow(startsAt: number): RateWindow {
  const slots = new Float64Array(slotsMax);
  let newest = Math.floor(startsAt / secondMs);
  let total = 0;

  function advance(now: number): void {
    const second = Math.max(newest, Math.floor(now / secondMs));
    for (let next = Math.max(newest + 1, second - slotsMax + 1); next <= second; next++) {
      const slot = next % slotsMax;
      total -= slots[slot] ?? 0;
      slots[slot] = 0;
    }
    newest = second;
  }

  const endOf = (second: number, now: number) => Math.max(0, (second + slotsMax) * secondMs - now);

  return {
    used(now) {
      advance(now);
      return total;
    },
    add(amount, now) {
      advance(now);
      const slot = newest % slotsMax;
      slots[slot] = (slots[slot] ?? 0) + amount;
      total += amount;
      return newest;
    },
    takeBack(amount, mark) {
      if (mark <= newest - slotsMax) return;
      const slot = mark % slotsMax;
      const taken = Math.min(amount, slots[slot] ?? 0);
      slots[slot] = (slots[slot] ?? 0) - taken;
      total -= taken;
    },
    waitMs(amount, limit, now) {
      advance(now);
      if (amount > limit) return undefined;
      let left = total;
      if (left + amount <= limit) return 0;
      for (let second = newest - slotsMax + 1; second < newest; second++) {
        left -= slots[second % slotsMax] ?? 0;
        if (left + amount <= limit) return endOf(second, now);
      }
      return endOf(newest, now);
    },
    resetMs(now) {
      advance(now);
      for (let second = newest; second > newest - slotsMax; second--) {
        if ((slots[second % slotsMax] ?? 0) > 0) return endOf(second, now);
      }
      return 0;
    },
  };
}
