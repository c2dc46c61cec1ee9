import type { Reply, Step } from "./reply-steps.ts";

/** A reply whose steps the test makes while it is played. */
export type HandDrivenReply = {
  readonly reply: Reply;
  /** Plays these steps next. */
  push(...steps: readonly Step[]): void;
  /** No further step comes: the body ends as its framing wants it. */
  end(): void;
};

/** Creates a reply that waits for the test's hand at every step. It can be played once. */
export function createHandDrivenReply(
  options: Omit<Reply, "steps" | "framing"> & { framing?: "chunked" | "eof" } = {},
): HandDrivenReply {
  const ready: Step[] = [];
  let ended = false;
  let wake = Promise.withResolvers<void>();

  async function* steps(): AsyncGenerator<Step> {
    for (;;) {
      for (let step = ready.shift(); step !== undefined; step = ready.shift()) yield step;
      if (ended) return;
      await wake.promise;
      wake = Promise.withResolvers<void>();
    }
  }

  return {
    reply: { ...options, steps: steps() },
    push(...more) {
      ready.push(...more);
      wake.resolve();
    },
    end() {
      ended = true;
      wake.resolve();
    },
  };
}
