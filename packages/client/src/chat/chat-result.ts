import { LlmBackendError } from "../error/llm-backend-error.ts";
import type { RunEvent, TerminalEvent, Usage } from "../wire-types.ts";

/** How an answer ended, with all that it said. A failed answer is an error instead. */
export type ChatResult = {
  readonly runId: string;
  readonly text: string;
  readonly reasoning: string;
} & (
  | {
      readonly state: "done";
      readonly finishReason: string;
      /** The model that really answered. */
      readonly model: string;
      readonly usage: Usage | undefined;
    }
  /** The user stopped it; the text so far is kept. */
  | { readonly state: "stopped" }
  /** The server ended before the answer did; the text so far is kept. */
  | { readonly state: "interrupted" }
);

const terminalTypes: { readonly [Type in TerminalEvent["type"]]: true } = {
  "run-done": true,
  "run-stop": true,
  "run-interrupt": true,
  "run-error": true,
};

/** Tells whether an event ends its run. */
export function isTerminalEvent(event: RunEvent): event is TerminalEvent {
  return Object.hasOwn(terminalTypes, event.type);
}

/**
 * The result that a terminal event stands for.
 *
 * @throws LlmBackendError with the code of a `run-error`.
 */
export function toResult(
  event: TerminalEvent,
  answer: { readonly runId: string; readonly text: string; readonly reasoning: string },
): ChatResult {
  const { runId, text, reasoning } = answer;
  const base = { runId, text, reasoning };
  switch (event.type) {
    case "run-done": {
      const { finishReason, model, usage } = event;
      return { ...base, state: "done", finishReason, model, usage };
    }
    case "run-stop":
      return { ...base, state: "stopped" };
    case "run-interrupt":
      return { ...base, state: "interrupted" };
    case "run-error":
      throw new LlmBackendError(event.code, event.message, { retryable: event.retryable });
  }
}
