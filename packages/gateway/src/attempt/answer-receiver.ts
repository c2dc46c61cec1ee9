import type { AnswerProgress } from "../answer/answer-progress.ts";
import type { Failure } from "../failure/failure.ts";
import type { AnswerHeaders } from "../failure/retry-after.ts";
import type { Stage } from "./attempt-clock.ts";

/** Understands the body of an answer whose status is a success, and passes on what it is meant to. */
export type AnswerReceiver = {
  /** What is known of the answer so far; looked at after each call. */
  readonly progress: Readonly<AnswerProgress>;
  /** Why the answer is of no use although nothing is wrong with it; looked at after each call. */
  readonly failure?: Failure | undefined;
  /** Which clock runs until the head comes. */
  readonly headStage: Extract<Stage, "firstByteMs" | "wholeAnswerMs">;
  /** The head has come; a failure ends the attempt. */
  head(status: number, headers: AnswerHeaders): Failure | undefined;
  read(bytes: Uint8Array): void;
  /** The body ended as its framing said. */
  end(): void;
  /** The answer is complete, and nothing more of it will come. */
  complete?(): void;
};
