import { describe, expect, it, vi } from "vitest";
import { createItemQueue } from "./item-queue.ts";

describe("a queue", () => {
  it("gives its reader every item in order, those before and those after it came", async () => {
    const queue = createItemQueue<number>();
    queue.push(1);
    queue.push(2);
    const reader = queue.read();
    expect(await reader.next()).toEqual({ done: false, value: 1 });
    queue.push(3);
    expect(await reader.next()).toEqual({ done: false, value: 2 });
    expect(await reader.next()).toEqual({ done: false, value: 3 });
    const waiting = reader.next();
    queue.push(4);
    expect(await waiting).toEqual({ done: false, value: 4 });
    const last = reader.next();
    queue.end();
    expect(await last).toEqual({ done: true, value: undefined });
  });

  it("gives what is left, and then its error", async () => {
    const queue = createItemQueue<number>();
    const failure = new Error("broken");
    queue.push(1);
    queue.end(failure);
    queue.push(2);
    queue.end(new Error("too late"));
    const reader = queue.read();
    expect(await reader.next()).toEqual({ done: false, value: 1 });
    await expect(reader.next()).rejects.toBe(failure);
  });

  it("tells when its reader leaves, whichever way", async () => {
    const onLeave = vi.fn<() => void>();
    const left = createItemQueue<number>();
    left.push(1);
    left.push(2);
    for await (const _ of left.read(onLeave)) break;
    expect(onLeave).toHaveBeenCalledTimes(1);
    const ended = createItemQueue<number>();
    ended.end();
    for await (const _ of ended.read(onLeave)) continue;
    expect(onLeave).toHaveBeenCalledTimes(2);
  });
});
