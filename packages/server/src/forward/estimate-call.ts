import type { ForwardCall, ForwardResult } from "@llm-backend/gateway";
import { estimateTokens } from "../chat/token-estimate.ts";

const bytesPerToken = 4;

/** Estimates the tokens of a call's prompt by the length of its body: on the high side, and without reading it. */
export function estimatePromptTokens({ request: { body } }: ForwardCall): number {
  return body.kind === "whole" ? Math.ceil(body.bytes.length / bytesPerToken) : 0;
}

/** Counts the tokens of an answer by its text, where the provider says nothing of them. */
export function estimateCompletionTokens({ text, textChars }: ForwardResult): number {
  if (text === "") return Math.ceil(textChars / bytesPerToken);
  // What was kept stands for the rest.
  return Math.ceil((estimateTokens(text) * textChars) / text.length);
}
