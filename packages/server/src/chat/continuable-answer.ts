import { DomainError } from "@llm-backend/contract";
import type { Message, Run } from "@llm-backend/storage";

/** The finish reasons of answers that were cut at a length; providers have several words for it. */
const lengthReasons = new Set(["length", "max_tokens", "max_output_tokens", "model_length"]);

/**
 * Refuses to go on with what has an end of its own. Stopped, interrupted and failed answers have none, nor have those
 * that were cut at a length; a copy of one has no run.
 *
 * @throws DomainError `invalid_input`; `run_in_progress` for an answer that is being written.
 */
export function requireContinuable(answer: Message, run: Run | undefined): void {
  if (answer.role !== "assistant") {
    throw new DomainError("invalid_input", "Only an answer can be continued; send a message.");
  }
  if (run?.state === "streaming") {
    throw new DomainError("run_in_progress", "The answer is still being written; stop it first.");
  }
  if (answer.finishReason !== null && !lengthReasons.has(answer.finishReason.toLowerCase())) {
    throw new DomainError("invalid_input", "The answer is complete; there is nothing to continue.");
  }
  if (answer.content === "") {
    throw new DomainError("invalid_input", "The answer has no text to go on from; regenerate it.");
  }
}
