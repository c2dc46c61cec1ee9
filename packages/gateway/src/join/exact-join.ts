import type { PassedFrame } from "../scan/read-frames.ts";
import type { ScannedKind } from "../scan/scan-progress.ts";
import { cutPassedFrame, readJoinedFrame, type JoinedFrame } from "./joined-frame.ts";
import { createRepetition } from "./repetition.ts";

/** What one way of joining makes of the frames of a second stream. */
export type JoinRule = {
  /** The next frame: what may go to the caller for it, and what the joiner's state is then. */
  take(frame: PassedFrame): JoinStep;
  /** The stream has ended properly. */
  end(): JoinStep;
};

/** What came of one frame. */
export type JoinStep = {
  readonly state: "joining" | "joined" | "differs";
  readonly pass: readonly Buffer[];
};

export const waiting: JoinStep = { state: "joining", pass: [] };
const differs: JoinStep = { state: "differs", pass: [] };

/** What the caller has of text and reasoning. */
export type JoinedText = {
  readonly kind: ScannedKind;
  readonly text: string;
  readonly reasoning: string;
};

/** The same question was asked anew: its answer is swallowed as long as it repeats what the caller has. */
export function createExactJoin({ kind, ...had }: JoinedText): JoinRule {
  const text = createRepetition(had.text);
  const reasoning = createRepetition(had.reasoning);
  const isComplete = (): boolean => text.isComplete && reasoning.isComplete;

  function takeContent(frame: PassedFrame, joined: JoinedFrame): JoinStep {
    const cut = { reasoning: reasoning.take(joined.reasoning), text: text.take(joined.text) };
    if (cut.text === -1 || cut.reasoning === -1) return differs;
    const rest = joined.text.length + joined.reasoning.length - cut.text - cut.reasoning;
    const brings = rest > 0 || joined.hasMore || joined.isEnding;
    if (!isComplete()) return brings ? differs : waiting;
    const repeats = cut.text + cut.reasoning > 0;
    if (brings) return { state: "joined", pass: [repeats ? cutPassedFrame(frame, kind, cut) : frame.bytes] };
    return { state: repeats ? "joined" : "joining", pass: [] };
  }

  return {
    take(frame) {
      // Comments keep the caller's connection alive meanwhile.
      if (frame.data === undefined) return { state: "joining", pass: [frame.bytes] };
      const joined = readJoinedFrame(frame, kind);
      return joined.hasOthers ? differs : takeContent(frame, joined);
    },
    end: () => (isComplete() ? { state: "joined", pass: [] } : differs),
  };
}
