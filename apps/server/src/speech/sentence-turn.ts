import { DomainError } from "@llm-backend/contract";
import { createArrivals, type Sound, type SpeakOptions } from "@llm-backend/server";

/** One sentence that waits for its turn, or has it. */
export type SentenceTurn = {
  readonly id: number;
  readonly text: string;
  readonly options: SpeakOptions;
  /** Turns are taken in this order. */
  readonly rank: number;
  /** How often it was begun. */
  tries: number;
  readonly take: (sound: Sound) => void;
  readonly end: (error?: DomainError) => void;
};

/** Where turns wait. */
export type TurnQueue = { add(turn: SentenceTurn): void; remove(turn: SentenceTurn): void };

/** Who speaks ahead of time lets others pass for so long: to hear the sentence before takes longer. */
const aheadMs = 1000;
let lastId = 0;

/**
 * Lines a sentence up, and gives its sound as it is made. Whoever stops listening, or is told to by the signal, gives his
 * place up.
 */
export async function* takeTurn(
  queue: TurnQueue,
  text: string,
  options: SpeakOptions,
): AsyncGenerator<Sound> {
  const { signal, isAhead } = options;
  if (signal.aborted) throw new DomainError("cancelled");
  const arrivals = createArrivals<Sound>();
  const turn: SentenceTurn = {
    id: ++lastId,
    text,
    options,
    rank: performance.now() + (isAhead ? aheadMs : 0),
    tries: 0,
    take: (sound) => arrivals.push(sound),
    end: (error) => (error === undefined ? arrivals.end() : arrivals.fail(error)),
  };
  const leave = () => arrivals.fail(new DomainError("cancelled"));
  signal.addEventListener("abort", leave, { once: true });
  queue.add(turn);
  try {
    yield* arrivals;
  } finally {
    signal.removeEventListener("abort", leave);
    queue.remove(turn);
  }
}
