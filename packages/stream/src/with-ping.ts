import { onReturn } from "./on-return.ts";

/**
 * Passes a source on and puts `ping` in where it was silent for `intervalMs`.
 * Leaving early returns the source, also while it is waiting.
 */
export function withPing<TItem>(
  source: AsyncIterable<TItem>,
  ping: TItem,
  options: { intervalMs: number },
): AsyncGenerator<TItem, void> {
  const alarm: Alarm = { left: false, ring: () => {} };
  const leave = () => {
    alarm.left = true;
    alarm.ring();
  };
  return onReturn(passOn(source, { ping, intervalMs: options.intervalMs, alarm }), leave);
}

/** What wakes the operator: the source, the time, or that its reader has left. */
type Alarm = { left: boolean; ring: () => void };

type Pull<TItem> = { result?: IteratorResult<TItem, unknown>; error?: unknown; settled: boolean };

async function* passOn<TItem>(
  source: AsyncIterable<TItem>,
  options: { ping: TItem; intervalMs: number; alarm: Alarm },
): AsyncGenerator<TItem, void> {
  const { alarm } = options;
  const iterator = source[Symbol.asyncIterator]();
  let pull: Pull<TItem> | undefined;
  try {
    while (!alarm.left) {
      pull ??= startPull(iterator, alarm);
      if (!pull.settled) await silence(alarm, options.intervalMs);
      if (alarm.left) return;
      if (!pull.settled) {
        yield options.ping;
        continue;
      }
      const { result, error } = pull;
      if (result === undefined) throw error;
      if (result.done === true) return;
      pull = undefined;
      yield result.value;
    }
  } finally {
    await giveBack(iterator, pull);
  }
}

/** Asks the source for its next item, and looks at the answer once, however often the operator pings meanwhile. */
function startPull<TItem>(iterator: AsyncIterator<TItem>, alarm: Alarm): Pull<TItem> {
  const pull: Pull<TItem> = { settled: false };
  iterator.next().then(
    (result) => {
      pull.result = result;
      pull.settled = true;
      alarm.ring();
    },
    (error: unknown) => {
      pull.error = error;
      pull.settled = true;
      alarm.ring();
    },
  );
  return pull;
}

/** Resolves when the alarm rings, or when the time is over. */
function silence(alarm: Alarm, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    alarm.ring = () => {
      clearTimeout(timer);
      resolve();
    };
  });
}

/** Returns a source that has not ended by itself. */
async function giveBack(iterator: AsyncIterator<unknown>, pull: Pull<unknown> | undefined): Promise<void> {
  if (pull === undefined) {
    await iterator.return?.();
  } else if (!pull.settled) {
    // Not awaited: a generator in the middle of `next` queues the return behind an item that may never come. Nobody
    // is left to hear of its failure either.
    iterator.return?.().then(undefined, () => {});
  }
}
