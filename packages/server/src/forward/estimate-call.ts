import type { ForwardCall, ForwardResult } from "@llm-backend/gateway";
import { estimateTokens } from "../chat/token-estimate.ts";

const bytesPerToken = 4;

/** Estimates the tokens of a call's prompt by the length of its body: on the high side, and without reading it. */
export function estimatePromptTokens({ request: { body } }: ForwardCall): number {
  return body.kind === "whole" ? Math.ceil(body.bytes.length / bytesPerToken) : 0;
}

/** Files within a JSON body: their bytes are no words. */
const dataUrls = /data:[\w.+-]+\/[\w.+-]+(?:;[\w=.+-]+)*;base64,[A-Za-z0-9+/=_-]*/g;
/** What providers ask for most images and sounds, whatever their size. */
const tokensPerFile = 1600;

/** Counts the tokens of a call's prompt for its bill, where the provider says nothing of them: files count as files. */
export function countPromptTokens({ request: { body } }: ForwardCall): number {
  if (body.kind !== "whole") return 0;
  const text = body.bytes.toString("latin1");
  let files = 0;
  let fileChars = 0;
  for (const [url] of text.matchAll(dataUrls)) {
    files++;
    fileChars += url.length;
  }
  return Math.ceil((text.length - fileChars) / bytesPerToken) + files * tokensPerFile;
}

/** Counts the tokens of an answer by its text, where the provider says nothing of them. */
export function estimateCompletionTokens({ text, textChars }: ForwardResult): number {
  if (text === "") return Math.ceil(textChars / bytesPerToken);
  // What was kept stands for the rest.
  return Math.ceil((estimateTokens(text) * textChars) / text.length);
}
