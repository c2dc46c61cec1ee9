import type { Usage } from "@llm-backend/contract";
import { isFields, readProviderError, type ProviderError } from "../failure/provider-error.ts";
import type { ToolPiece } from "./tool-call-buffer.ts";
import { readToolPieces } from "./tool-pieces.ts";
import { readUsage } from "./usage.ts";

/** What one frame of a stream, or one whole completion, holds. */
export type Chunk = {
  readonly text: string;
  readonly reasoning: string;
  /** Pieces of the calls of tools. */
  readonly toolPieces: readonly ToolPiece[];
  /** Text comes in the completion's message instead of a delta. */
  readonly isWhole: boolean;
  readonly finishReason: string | undefined;
  readonly model: string | undefined;
  readonly usage: Usage | undefined;
  readonly error: ProviderError | undefined;
};

type Fields = Readonly<Record<string, unknown>>;

/** Finish reasons that say that the answer did not finish. */
const brokenReasons = new Set([
  "error",
  "abort",
  "aborted",
  "cancelled",
  "network_error",
  "insufficient_system_resource",
]);

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

/** Content may come in parts, as Mistral's reasoning models send it: `text` parts and, around others, `thinking`. */
function readContentParts(parts: readonly unknown[]): { text: string; reasoning: string } {
  let text = "";
  let reasoning = "";
  for (const part of parts) {
    if (!isFields(part)) continue;
    if (part["type"] === "thinking") {
      const { thinking } = part;
      reasoning += Array.isArray(thinking) ? readContentParts(thinking).text : textOf(thinking);
    } else text += textOf(part["text"]);
  }
  return { text, reasoning };
}

/** A refusal is what the model has to say: text like any other. */
function readContent(delta: Fields): { text: string; reasoning: string } {
  const { content } = delta;
  const parts = Array.isArray(content) ? readContentParts(content) : { text: textOf(content), reasoning: "" };
  return {
    text: parts.text + textOf(delta["refusal"]),
    // Some providers send the same piece under both names.
    reasoning: parts.reasoning + (textOf(delta["reasoning_content"]) || textOf(delta["reasoning"])),
  };
}

function findChoice(value: unknown): Fields {
  if (!Array.isArray(value)) return {};
  return value.find((choice) => isFields(choice) && (choice["index"] ?? 0) === 0) ?? {};
}

/** Providers leave the reason out, or send null, nothing, or the word null, while the answer goes on. */
function readFinishReason(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" && value !== "null" ? value : undefined;
}

const toBrokenError = (reason: string): ProviderError => ({
  message: `the answer ended with finish reason ${reason}`,
  kind: reason,
  status: undefined,
});

/** Reads a parsed frame or completion. Whatever it does not understand counts as absent. */
export function readChunk(value: unknown): Chunk | undefined {
  if (!isFields(value) && !Array.isArray(value)) return undefined;
  const error = readProviderError(value);
  const fields: Fields = isFields(value) ? value : {};
  const choice = findChoice(fields["choices"]);
  const delta = isFields(choice["delta"]) ? choice["delta"] : undefined;
  const message = isFields(choice["message"]) ? choice["message"] : {};
  const finishReason = readFinishReason(choice["finish_reason"]);
  const isBroken = finishReason !== undefined && brokenReasons.has(finishReason);
  return {
    ...readContent(delta ?? message),
    toolPieces: readToolPieces(delta ?? message, delta === undefined),
    isWhole: delta === undefined,
    finishReason: isBroken ? undefined : finishReason,
    model: textOf(fields["model"]) || undefined,
    usage: readUsage(fields["usage"]),
    error: error ?? (isBroken ? toBrokenError(finishReason) : undefined),
  };
}
