import type { OnDisconnect } from "@llm-backend/contract";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createRunPresence } from "./run-presence.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function watch(policy: OnDisconnect) {
  const onAbandoned = vi.fn<() => void>();
  return { onAbandoned, presence: createRunPresence(policy, onAbandoned) };
}

describe("a run that continues", () => {
  it("is never given up, and waits for nothing", () => {
    const { presence, onAbandoned } = watch("continue");
    presence.attach()();
    expect(vi.getTimerCount()).toBe(0);
    expect(onAbandoned).not.toHaveBeenCalled();
  });
});

describe.each<OnDisconnect>(["cancel", { graceMs: 0 }])("a run that is cancelled at once: %o", (policy) => {
  it("is given up when the last of its followers leaves", () => {
    const { presence, onAbandoned } = watch(policy);
    const [first, second] = [presence.attach(), presence.attach()];
    first();
    first();
    expect(onAbandoned).not.toHaveBeenCalled();
    second();
    expect(onAbandoned).toHaveBeenCalledTimes(1);
  });

  it("is not given up before its first follower came", () => {
    const { onAbandoned } = watch(policy);
    vi.advanceTimersByTime(600_000);
    expect(onAbandoned).not.toHaveBeenCalled();
  });

  it("is not given up after its end", () => {
    const { presence, onAbandoned } = watch(policy);
    const leave = presence.attach();
    presence.close();
    leave();
    expect(onAbandoned).not.toHaveBeenCalled();
  });
});

describe("a run with a time of grace", () => {
  it("is given up when nobody came in that time after its start", () => {
    const { onAbandoned } = watch({ graceMs: 1000 });
    vi.advanceTimersByTime(999);
    expect(onAbandoned).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(onAbandoned).toHaveBeenCalledTimes(1);
  });

  it("is kept by a follower who comes back in time, and the time begins anew when that one leaves", () => {
    const { presence, onAbandoned } = watch({ graceMs: 1000 });
    presence.attach()();
    vi.advanceTimersByTime(999);
    const leave = presence.attach();
    vi.advanceTimersByTime(5000);
    leave();
    vi.advanceTimersByTime(999);
    expect(onAbandoned).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(onAbandoned).toHaveBeenCalledTimes(1);
  });

  it("leaves no timer behind when it ends", () => {
    const { presence, onAbandoned } = watch({ graceMs: 1000 });
    const leave = presence.attach();
    presence.close();
    leave();
    presence.attach()();
    expect(vi.getTimerCount()).toBe(0);
    expect(onAbandoned).not.toHaveBeenCalled();
  });
});
