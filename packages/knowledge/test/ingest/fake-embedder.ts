import type { Embedder } from "../../src/index.ts";

/** An embedder that a test can hold, and make fail. */
export type FakeEmbedder = {
  /** The embedder of a model; all of them tell the same log. */
  readonly of: (model: string) => Embedder;
  /** Every text whose vector was given, in order, behind the model's name. */
  readonly given: { readonly model: string; readonly text: string }[];
  /** Called before each answer: may wait, and may throw. */
  before: ((call: EmbedderCall) => Promise<void> | void) | undefined;
  /** The vectors of texts. @default of three numbers */
  toVectors: (texts: readonly string[], model: string) => readonly Float32Array[];
  /** How many characters it takes of a text. */
  charsMax: number;
};

/** What an embedder is asked. */
export type EmbedderCall = {
  readonly texts: readonly string[];
  readonly model: string;
  readonly signal: AbortSignal;
  readonly userId: number;
};

/** Creates an embedder that answers at once. */
export function createFakeEmbedder(): FakeEmbedder {
  const fake: FakeEmbedder = {
    given: [],
    before: undefined,
    toVectors: (texts, model) => texts.map((text) => Float32Array.of(text.length, model.length, 1)),
    charsMax: Number.POSITIVE_INFINITY,
    of: (model) => ({
      model,
      async embed(texts, { signal, userId, onCut }) {
        await fake.before?.({ texts, model, signal, userId });
        signal.throwIfAborted();
        fake.given.push(...texts.map((text) => ({ model, text })));
        for (const [index, text] of texts.entries())
          if (text.length > fake.charsMax) onCut?.(index, fake.charsMax);
        return fake.toVectors(texts, model);
      },
    }),
  };
  return fake;
}

/** Waits until it is aborted, and tells when it was. */
export function createHold() {
  const reached = Promise.withResolvers<void>();
  const left = Promise.withResolvers<number>();
  return {
    /** Resolves when somebody waits here. */
    reached: reached.promise,
    /** Resolves with the time of `performance.now()` when it was aborted. */
    left: left.promise,
    async wait({ signal }: Pick<EmbedderCall, "signal">): Promise<void> {
      reached.resolve();
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
      left.resolve(performance.now());
    },
  };
}
