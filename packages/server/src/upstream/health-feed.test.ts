import type { HealthEvent } from "@llm-backend/contract";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { createHealthFeed } from "./health-feed.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function createFeed() {
  let reads = 0;
  const readHealth = () => {
    reads++;
    return [];
  };
  const feed = createHealthFeed({ readHealth, now: () => Date.now(), figuresMs: 2000 });
  return { feed, reads: () => reads };
}

const takeType = async (events: AsyncGenerator<HealthEvent, void>) => (await events.next()).value?.type;

it("gives the figures every two seconds, and only while somebody listens", async () => {
  const { feed, reads } = createFeed();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(reads()).toBe(0);
  const leaving = new AbortController();
  const events = feed.follow(leaving.signal);
  expect(await takeType(events)).toBe("snapshot");
  for (let round = 0; round < 3; round++) {
    const next = takeType(events);
    await vi.advanceTimersByTimeAsync(2000);
    expect(await next).toBe("snapshot");
  }
  expect(reads()).toBe(4);
  leaving.abort();
  expect(await takeType(events)).toBeUndefined();
  expect(vi.getTimerCount()).toBe(0);
});

it("reads the figures once for a follower that was away for long", async () => {
  const { feed, reads } = createFeed();
  const events = feed.follow(new AbortController().signal);
  expect(await takeType(events)).toBe("snapshot");
  await vi.advanceTimersByTimeAsync(60_000);
  expect(await takeType(events)).toBe("snapshot");
  expect(reads()).toBe(2);
  await events.return();
  expect(vi.getTimerCount()).toBe(0);
});

it("tells nothing to whoever has left before the beginning, and stops when it is closed", async () => {
  const { feed, reads } = createFeed();
  expect(await takeType(feed.follow(AbortSignal.abort()))).toBeUndefined();
  const events = feed.follow(new AbortController().signal);
  await takeType(events);
  const next = takeType(events);
  feed.close();
  expect(await next).toBeUndefined();
  expect(reads()).toBe(1);
  expect(vi.getTimerCount()).toBe(0);
});
