import { readFrames, type PassedFrame } from "../scan/read-frames.ts";
import type { ScannedPiece } from "../scan/scan-progress.ts";
import { createContinuedJoin } from "./continued-join.ts";
import { createExactJoin, waiting, type JoinedText, type JoinStep } from "./exact-join.ts";

/** What the caller has of the answer already, and how it is gone on with. */
export type JoinOptions = JoinedText & {
  /**
   * `exact`: the same question was asked anew; what repeats is swallowed. `continue`: the answer so far was sent along;
   * what comes follows it, unless all of it is repeated first.
   */
  readonly mode: "exact" | "continue";
  /** All of the text that was passed on. */
  readonly text: string;
  readonly reasoning: string;
};

/** Joins a second stream to what was passed on of a first one. */
export type StreamJoiner = {
  /**
   * `joining`: not yet known, or still repeating. `joined`: what `join` gave belongs behind what the caller has; from now
   * on pieces pass without it. `differs`: this stream has another text; nothing of it was passed on.
   */
  readonly state: "joining" | "joined" | "differs";
  /** Takes what a scanner passed on of the second stream; gives what may go to the caller. */
  join(piece: ScannedPiece): ScannedPiece;
  /** The second stream has ended properly: what was held back while `continue` was undecided, or `differs`. */
  end(): ScannedPiece;
};

const nothing: ScannedPiece = [];

/**
 * Creates the joiner for one attempt at going on. It stands behind the scanner: scanner → joiner while `joining` → sink.
 * Streams with several choices or with tool calls in what was passed on must not be joined.
 */
export function createStreamJoiner(options: JoinOptions): StreamJoiner {
  const rule = options.mode === "exact" ? createExactJoin(options) : createContinuedJoin(options);
  let step: JoinStep = waiting;

  function take(frame: PassedFrame): readonly Buffer[] {
    if (step.state === "differs") return nothing;
    if (step.state === "joined") return [frame.bytes];
    step = rule.take(frame);
    return step.pass;
  }

  return {
    get state() {
      return step.state;
    },
    join(piece) {
      if (step.state === "joined") return piece;
      const passed = [...readFrames(piece)].flatMap(take);
      return passed.length > 1 ? [Buffer.concat(passed)] : passed;
    },
    end() {
      if (step.state !== "joining") return nothing;
      step = rule.end();
      return step.pass;
    },
  };
}
