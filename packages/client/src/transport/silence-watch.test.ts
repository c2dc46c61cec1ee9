import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { createSilenceWatch } from "./silence-watch.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it("notices silence once nothing was heard for the whole of its limit", () => {
  const onSilence = vi.fn<() => void>();
  const watch = createSilenceWatch(100, onSilence);
  vi.advanceTimersByTime(99);
  watch.touch();
  vi.advanceTimersByTime(99);
  expect(onSilence).not.toHaveBeenCalled();
  watch.setLimit(300);
  vi.advanceTimersByTime(299);
  expect(onSilence).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(onSilence).toHaveBeenCalledOnce();
});

it("keeps no timer once it is stopped, also when something is heard after that", () => {
  const watch = createSilenceWatch(100, () => {});
  watch.stop();
  watch.touch();
  expect(vi.getTimerCount()).toBe(0);
});

it("takes a limit without end for one", () => {
  const onSilence = vi.fn<() => void>();
  createSilenceWatch(Infinity, onSilence);
  vi.advanceTimersByTime(1_000_000);
  expect(onSilence).not.toHaveBeenCalled();
});
