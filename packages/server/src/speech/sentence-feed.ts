import { createArrivals, type Arrivals } from "./arrivals.ts";
import { createSentenceCutter } from "./sentence-cutter.ts";

/** Takes a text as it is written, and gives its sentences as soon as they are complete. */
export type SentenceFeed = {
  readonly sentences: AsyncIterable<string>;
  push(text: string): void;
  /** The text is complete. */
  end(): void;
  /** The text broke off: its reader is told when he has had what there is. */
  fail(error: unknown): void;
};

/** What looks like the end of a sentence is taken for it when nothing comes for so long. */
const settleMs = 60;

/** Creates a feed for one text. */
export function createSentenceFeed(): SentenceFeed {
  const cutter = createSentenceCutter();
  const sentences: Arrivals<string> = createArrivals();
  let timer: NodeJS.Timeout | undefined;

  return {
    sentences,
    push(text) {
      clearTimeout(timer);
      sentences.push(...cutter.push(text));
      timer = setTimeout(() => sentences.push(...cutter.settle()), settleMs);
    },
    end() {
      clearTimeout(timer);
      sentences.push(...cutter.end());
      sentences.end();
    },
    fail(error) {
      clearTimeout(timer);
      sentences.push(...cutter.end());
      sentences.fail(error);
    },
  };
}
