/**
 * Passes a source on and puts `ping` in where it was silent for `intervalMs`.
 * Leaving early returns the source, also while it is waiting.
 */
export async function* withPing<TItem>(
  source: AsyncIterable<TItem>,
  ping: TItem,
  options: { intervalMs: number },
): AsyncGenerator<TItem, void> {
  const iterator = source[Symbol.asyncIterator]();
  let finished = false;
  try {
    let next = iterator.next();
    for (;;) {
      const result = await within(next, options.intervalMs);
      if (result === undefined) {
        yield ping;
        continue;
      }
      if (result.done === true) {
        finished = true;
        return;
      }
      yield result.value;
      next = iterator.next();
    }
  } catch (error) {
    finished = true;
    throw error;
  } finally {
    // Not awaited: a generator in the middle of `next` would queue the return behind an item that may never come.
    if (!finished) void iterator.return?.();
  }
}

/** The promise's value, or undefined when the time is over before it. */
async function within<TValue>(promise: Promise<TValue>, ms: number): Promise<TValue | undefined> {
  const { promise: timeout, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(resolve, ms, undefined);
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
