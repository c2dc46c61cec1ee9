import type { Usage } from "@llm-backend/contract";
import type { Failure } from "../failure/failure.ts";

/** When an attempt reached its stages, in milliseconds since its start. */
export type AttemptTimes = {
  connectMs: number | undefined;
  firstByteMs: number | undefined;
  firstTokenMs: number | undefined;
  totalMs: number;
};

/** How an attempt ended, and what is known of it. */
export type AttemptResult = {
  /** Undefined: the answer is complete. */
  readonly failure: Failure | undefined;
  readonly finishReason: string;
  readonly model: string;
  readonly usage: Usage | undefined;
  readonly framesMalformed: number;
  /** Some of the answer has been passed on. */
  readonly hasContent: boolean;
  readonly status: number | undefined;
  readonly times: Readonly<AttemptTimes>;
};
