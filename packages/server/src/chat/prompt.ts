import type { WireMessage } from "@llm-backend/contract";
import type { Message } from "@llm-backend/storage";
import { estimateMessageTokens } from "./token-estimate.ts";

/** A prompt, and what had to be left out of it. */
export type Prompt = {
  readonly messages: readonly WireMessage[];
  /** How many of the branch's messages are in it. */
  readonly messagesKept: number;
  /** Where older messages were left out: the oldest one that is in it. */
  readonly cutAt: string | undefined;
  /** What it costs, as far as we can tell. */
  readonly tokens: number;
};

/** What a prompt is made of. */
export type PromptParts = {
  readonly systemPrompt: string;
  /** The branch, newest first, as far as it was read; the first is the message to answer. */
  readonly branch: AsyncIterable<Message>;
  /** How many tokens the prompt may have. */
  readonly budgetTokens: number;
};

/**
 * Builds the prompt of a run: the system prompt, and of the branch as many of the newest turns as fit. The message to
 * answer is always in it. Reads no further up the branch than needed.
 */
export async function buildPrompt(parts: PromptParts): Promise<Prompt> {
  const system: WireMessage[] =
    parts.systemPrompt === "" ? [] : [{ role: "system", content: parts.systemPrompt }];
  let left = parts.budgetTokens - system.reduce((sum, message) => sum + estimateMessageTokens(message), 0);
  const kept: Message[] = [];
  let isCut = false;
  for await (const message of parts.branch) {
    // Answers that failed before their first word say nothing.
    if (message.role === "assistant" && message.content === "") continue;
    left -= estimateMessageTokens(message);
    if (left < 0 && kept.length > 0) {
      isCut = true;
      break;
    }
    kept.unshift(message);
  }
  // A turn is dropped whole: an answer without its question would stand at the beginning.
  while (isCut && kept.length > 1 && kept[0]?.role === "assistant") kept.shift();
  const messages = [...system, ...kept.map(({ role, content }) => ({ role, content }))];
  return {
    messages,
    messagesKept: kept.length,
    cutAt: isCut ? kept[0]?.id : undefined,
    tokens: messages.reduce((sum, message) => sum + estimateMessageTokens(message), 0),
  };
}
