import { describe, expect, it, vi } from "vitest";
import { LlmBackendError } from "../error/llm-backend-error.ts";
import { callWithRetry, withRetry, type RetryNotice } from "./with-retry.ts";

const lost = () => new LlmBackendError("network", "gone", { retryable: true });
const retry = { delayMsFirst: 0 };
const { signal } = new AbortController();

async function readAll<TItem>(items: AsyncIterable<TItem>): Promise<TItem[]> {
  const read: TItem[] = [];
  for await (const item of items) read.push(item);
  return read;
}

describe("a source that is opened anew", () => {
  it("is read to its end, over as many openings as it takes", async () => {
    let opened = 0;
    async function* open() {
      opened++;
      yield opened;
      if (opened < 4) throw lost();
    }
    const notices: RetryNotice[] = [];
    const items = withRetry(open, { retry, signal, onRetry: (notice) => notices.push(notice) });
    expect(await readAll(items)).toEqual([1, 2, 3, 4]);
    // Each of them brought something, so each failure is the first one.
    expect(notices.map(({ attempt }) => attempt)).toEqual([1, 1, 1]);
  });

  it("is let go of when the reader leaves", async () => {
    const letGo = vi.fn<() => void>();
    async function* open() {
      try {
        yield 1;
        yield 2;
      } finally {
        letGo();
      }
    }
    for await (const _ of withRetry(open, { retry, signal })) break;
    expect(letGo).toHaveBeenCalledOnce();
  });

  it("fails with what cannot be tried again, after two items", async () => {
    const refusal = new LlmBackendError("unauthenticated", "over");
    async function* open() {
      yield 1;
      yield 2;
      throw refusal;
    }
    const read: number[] = [];
    const reading = (async () => {
      for await (const item of withRetry(open, { retry, signal })) read.push(item);
    })();
    await expect(reading).rejects.toBe(refusal);
    expect(read).toEqual([1, 2]);
  });

  it("fails as cancelled when the signal was aborted before, or is while it waits", async () => {
    async function* open(): AsyncGenerator<number> {
      throw lost();
    }
    await expect(readAll(withRetry(open, { retry, signal: AbortSignal.abort() }))).rejects.toMatchObject({
      code: "cancelled",
    });
    const controller = new AbortController();
    const waiting = withRetry(open, {
      retry: { delayMsFirst: 60_000 },
      signal: controller.signal,
      onRetry: () => queueMicrotask(() => controller.abort()),
    });
    await expect(readAll(waiting)).rejects.toMatchObject({ code: "cancelled" });
  });
});

it("makes a call until it succeeds, and no more often than it was told", async () => {
  let calls = 0;
  const call = () => (++calls < 3 ? Promise.reject(lost()) : Promise.resolve("done"));
  await expect(callWithRetry(call, { retry, signal })).resolves.toBe("done");
  expect(calls).toBe(3);
  const failing = () => Promise.reject(lost());
  await expect(
    callWithRetry(failing, { retry: { attemptsMax: 1, delayMsFirst: 0 }, signal }),
  ).rejects.toMatchObject({
    code: "network",
  });
});
