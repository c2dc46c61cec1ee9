import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createSessionWatch } from "./session-watch.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function createWatched(isAlive: (id: string) => Promise<boolean> = () => Promise.resolve(true)) {
  const asked: string[] = [];
  const watch = createSessionWatch({
    intervalMs: 30_000,
    async listAlive(ids) {
      asked.push(...ids);
      const states = await Promise.all(ids.map(isAlive));
      return ids.filter((_, index) => states[index]);
    },
  });
  return { watch, asked };
}

describe("the watch", () => {
  it("ends the streams of a session that is revoked here, at once, and no others", () => {
    const { watch } = createWatched();
    const mine = [watch.watch("ses_a"), watch.watch("ses_a")];
    const other = watch.watch("ses_b");
    watch.revoked(["ses_a", "ses_unknown"]);
    expect(mine.map(({ signal }) => signal.aborted)).toEqual([true, true]);
    expect(other.signal.aborted).toBe(false);
  });

  it("watches a session anew after it was ended", () => {
    const { watch } = createWatched();
    const old = watch.watch("ses_a");
    watch.revoked(["ses_a"]);
    const fresh = watch.watch("ses_a");
    expect(fresh.signal.aborted).toBe(false);
    old[Symbol.dispose]();
    watch.revoked(["ses_a"]);
    expect(fresh.signal.aborted).toBe(true);
  });

  it("finds out within its interval what another process has revoked", async () => {
    const { watch } = createWatched((id) => Promise.resolve(id !== "ses_a"));
    const mine = watch.watch("ses_a");
    const other = watch.watch("ses_b");
    await vi.advanceTimersByTimeAsync(30_000);
    expect([mine.signal.aborted, other.signal.aborted]).toEqual([true, false]);
  });

  it("asks only about sessions that have open streams", async () => {
    const { watch, asked } = createWatched();
    const [one, two] = [watch.watch("ses_a"), watch.watch("ses_a")];
    watch.watch("ses_b");
    one[Symbol.dispose]();
    await vi.advanceTimersByTimeAsync(30_000);
    expect(asked).toEqual(["ses_a", "ses_b"]);
    two[Symbol.dispose]();
    await vi.advanceTimersByTimeAsync(30_000);
    expect(asked).toEqual(["ses_a", "ses_b", "ses_b"]);
  });

  it("ends no stream because the database does not answer", async () => {
    let isDown = true;
    const { watch } = createWatched(() =>
      isDown ? Promise.reject(new Error("locked")) : Promise.resolve(false),
    );
    const { signal } = watch.watch("ses_a");
    await vi.advanceTimersByTimeAsync(30_000);
    expect(signal.aborted).toBe(false);
    isDown = false;
    await vi.advanceTimersByTimeAsync(30_000);
    expect(signal.aborted).toBe(true);
  });

  it("asks nothing after it is closed", async () => {
    const { watch, asked } = createWatched();
    watch.watch("ses_a");
    watch.close();
    await vi.advanceTimersByTimeAsync(120_000);
    expect(asked).toEqual([]);
  });
});
