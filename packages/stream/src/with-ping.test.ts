import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { withPing } from "./with-ping.ts";

const intervalMs = 1000;

/** A source that is driven by hand, with a note of whether it was given back. */
function createSource() {
  const waiting: PromiseWithResolvers<IteratorResult<string, undefined>>[] = [];
  const giveBack = vi.fn<() => Promise<IteratorResult<string, undefined>>>(() =>
    Promise.resolve({ done: true, value: undefined }),
  );
  const source: AsyncIterable<string> = {
    [Symbol.asyncIterator]: () => ({
      next() {
        const pull = Promise.withResolvers<IteratorResult<string, undefined>>();
        waiting.push(pull);
        return pull.promise;
      },
      return: giveBack,
    }),
  };
  const next = () => {
    const pull = waiting.shift();
    if (pull === undefined) throw new Error("Nobody asked the source for an item.");
    return pull;
  };
  return {
    source,
    giveBack,
    say: (value: string) => next().resolve({ done: false, value }),
    end: () => next().resolve({ done: true, value: undefined }),
    fail: (error: Error) => next().reject(error),
  };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  const timersLeft = vi.getTimerCount();
  vi.useRealTimers();
  if (timersLeft > 0) throw new Error(`${timersLeft} timers were left running.`);
});

describe("withPing", () => {
  it("passes on what the source says, and ends with it", async () => {
    async function* letters(): AsyncGenerator<string, void> {
      yield* ["a", "b", "c"];
    }
    expect(await Array.fromAsync(withPing(letters(), "ping", { intervalMs }))).toEqual(["a", "b", "c"]);
  });

  it("pings once for every interval in which the source is silent", async () => {
    const { source, say, end } = createSource();
    const stream = withPing(source, "ping", { intervalMs });
    for (let pings = 0; pings < 3; pings++) {
      const next = stream.next();
      await vi.advanceTimersByTimeAsync(intervalMs);
      expect(await next).toEqual({ done: false, value: "ping" });
    }
    const next = stream.next();
    await vi.advanceTimersByTimeAsync(intervalMs - 1);
    say("a");
    expect(await next).toEqual({ done: false, value: "a" });
    const last = stream.next();
    await vi.advanceTimersByTimeAsync(0);
    end();
    expect(await last).toEqual({ done: true, value: undefined });
  });

  it("takes up the item that arrived between two reads instead of a ping", async () => {
    const { source, say, giveBack } = createSource();
    const stream = withPing(source, "ping", { intervalMs });
    const first = stream.next();
    await vi.advanceTimersByTimeAsync(intervalMs);
    expect((await first).value).toBe("ping");
    say("a");
    await vi.advanceTimersByTimeAsync(intervalMs * 5);
    expect((await stream.next()).value).toBe("a");
    await stream.return();
    expect(giveBack).toHaveBeenCalledOnce();
  });

  it("returns the source when its reader leaves after an item", async () => {
    const cleanUp = vi.fn<() => void>();
    async function* letters(): AsyncGenerator<string, void> {
      try {
        for (;;) yield "a";
      } finally {
        await Promise.resolve();
        cleanUp();
      }
    }
    for await (const letter of withPing(letters(), "ping", { intervalMs })) if (letter === "a") break;
    expect(cleanUp).toHaveBeenCalledOnce();
  });

  it("returns the source when its reader leaves after a ping", async () => {
    const { source, giveBack } = createSource();
    const stream = withPing(source, "ping", { intervalMs });
    const next = stream.next();
    await vi.advanceTimersByTimeAsync(intervalMs);
    await next;
    expect(await stream.return()).toEqual({ done: true, value: undefined });
    expect(giveBack).toHaveBeenCalledOnce();
  });

  it("returns the source when its reader leaves while both wait", async () => {
    const { source, giveBack } = createSource();
    const stream = withPing(source, "ping", { intervalMs });
    const next = stream.next();
    expect(await stream.return()).toEqual({ done: true, value: undefined });
    expect(await next).toEqual({ done: true, value: undefined });
    expect(giveBack).toHaveBeenCalledOnce();
  });

  it("lets nothing escape from a source that fails after its reader left", async () => {
    const { source, giveBack, fail } = createSource();
    giveBack.mockRejectedValue(new Error("no clean end"));
    const stream = withPing(source, "ping", { intervalMs });
    const next = stream.next();
    await stream.return();
    await next;
    // An unhandled rejection would fail the run.
    fail(new Error("too late"));
    await vi.advanceTimersByTimeAsync(0);
    expect(giveBack).toHaveBeenCalledOnce();
  });

  it("ends with a source whose signal was aborted before the start", async () => {
    const { source, end, giveBack } = createSource();
    const stream = withPing(source, "ping", { intervalMs });
    const next = stream.next();
    end();
    expect(await next).toEqual({ done: true, value: undefined });
    expect(giveBack).not.toHaveBeenCalled();
  });

  it("ends with a source that is aborted mid-way", async () => {
    const controller = new AbortController();
    async function* letters(): AsyncGenerator<string, void> {
      yield "a";
      await new Promise((resolve) => {
        controller.signal.addEventListener("abort", resolve, { once: true });
      });
    }
    const stream = withPing(letters(), "ping", { intervalMs });
    expect((await stream.next()).value).toBe("a");
    const next = stream.next();
    await vi.advanceTimersByTimeAsync(0);
    controller.abort();
    expect(await next).toEqual({ done: true, value: undefined });
  });

  it("throws what the source throws after two items, and does not return it", async () => {
    const { source, say, fail, giveBack } = createSource();
    const stream = withPing(source, "ping", { intervalMs });
    for (const letter of ["a", "b"]) {
      const next = stream.next();
      await vi.advanceTimersByTimeAsync(0);
      say(letter);
      expect((await next).value).toBe(letter);
    }
    const next = stream.next();
    await vi.advanceTimersByTimeAsync(0);
    fail(new Error("cut"));
    await expect(next).rejects.toThrow("cut");
    expect(giveBack).not.toHaveBeenCalled();
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });

  it("passes on a failure that is no error object", async () => {
    const { source, fail } = createSource();
    const stream = withPing(source, "ping", { intervalMs });
    const next = stream.next();
    fail(undefined as unknown as Error);
    await expect(next).rejects.toBeUndefined();
  });
});
