import { waiting, type JoinedText, type JoinRule, type JoinStep } from "./exact-join.ts";
import { cutPassedFrame, readJoinedFrame } from "./joined-frame.ts";
import { createRepetition } from "./repetition.ts";

/** A shorter text may come twice because the answer says it twice. */
export const repeatedCharsMin = 8;

/**
 * The answer so far was sent along, and what comes follows it. Some servers send it again first: as long as what comes
 * could be that, it is held back; if all of the text is repeated it is swallowed, else everything passes as it came.
 */
export function createContinuedJoin({ kind, text }: JoinedText): JoinRule {
  const repetition = createRepetition(text);
  const canRepeat = text.length >= repeatedCharsMin;
  let held: Buffer[] = [];

  function release(...last: Buffer[]): JoinStep {
    const pass = [...held, ...last];
    held = [];
    return { state: "joined", pass };
  }

  return {
    take(frame) {
      if (frame.data === undefined) return { state: "joining", pass: [frame.bytes] };
      const joined = readJoinedFrame(frame, kind);
      // The caller knows the role already.
      if (!joined.hasContent && !joined.isEnding) return waiting;
      const isTextOnly =
        joined.text !== "" && joined.reasoning === "" && !joined.hasMore && !joined.hasOthers;
      if (!canRepeat || !isTextOnly) return release(frame.bytes);
      const count = repetition.take(joined.text);
      if (count === -1) return release(frame.bytes);
      if (!repetition.isComplete) {
        if (joined.isEnding) return release(frame.bytes);
        held.push(frame.bytes);
        return waiting;
      }
      held = [];
      const brings = count < joined.text.length || joined.isEnding;
      return {
        state: "joined",
        pass: brings ? [cutPassedFrame(frame, kind, { text: count, reasoning: 0 })] : [],
      };
    },
    end: () => release(),
  };
}
