import { createArrivals } from "./arrivals.ts";
import type { Sound } from "./ports.ts";

/** Sound that is being made, whoever listens. */
export type SoundAhead = {
  readonly sound: AsyncIterable<Sound>;
  /** Resolves when the first of it is there. @throws what making it threw before that. */
  readonly begun: Promise<void>;
};

/** So much is made ahead of its listener, in seconds. */
const aheadSecondsMax = 20;

/** Begins to take a sound now, so that it is there when its turn comes; no more of it than is good to keep. */
export function readAhead(source: AsyncIterable<Sound>): SoundAhead {
  let ahead = 0;
  let isStopped = false;
  let wake: (() => void) | undefined;
  const begun = Promise.withResolvers<void>();
  // Whoever waits for it learns of it; where nobody does, the sound tells it.
  begun.promise.catch(() => undefined);
  const arrivals = createArrivals<Sound>();

  async function* listen(): AsyncGenerator<Sound> {
    try {
      for await (const sound of arrivals) {
        ahead -= sound.samples.length / sound.rate;
        wake?.();
        yield sound;
      }
    } finally {
      isStopped = true;
      wake?.();
    }
  }

  async function pump(): Promise<void> {
    for await (const sound of source) {
      ahead += sound.samples.length / sound.rate;
      arrivals.push(sound);
      if (sound.samples.length > 0) begun.resolve();
      while (ahead > aheadSecondsMax && !isStopped) await new Promise<void>((resolve) => (wake = resolve));
      if (isStopped) return;
    }
  }
  pump().then(
    () => {
      begun.resolve();
      arrivals.end();
    },
    (error: unknown) => {
      begun.reject(error);
      arrivals.fail(error);
    },
  );
  return { sound: { [Symbol.asyncIterator]: listen }, begun: begun.promise };
}
