import type { ToolCallView, WireMessage } from "@llm-backend/contract";
import type { Attachment, Message } from "@llm-backend/storage";
import { estimateFiledTokens, toWireMessages, type PromptFileSettings } from "../attachment/prompt-files.ts";
import { estimateEarlierCalls, withEarlierCalls } from "../tool/earlier-calls.ts";
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
  /** Whether something stands in front of the question that would be less in a smaller context. */
  readonly hasContext: boolean;
};

/** A message of a branch, with the files and the calls of tools that belong to it. */
export type BranchMessage = Message & {
  readonly files?: readonly Attachment[] | undefined;
  readonly calls?: readonly ToolCallView[] | undefined;
};

/** What a prompt is made of. */
export type PromptParts = {
  readonly systemPrompt: string;
  /** The branch, newest first, as far as it was read; the first is the message to answer. */
  readonly branch: AsyncIterable<BranchMessage>;
  /** How many tokens the prompt may have. */
  readonly budgetTokens: number;
  readonly files: PromptFileSettings;
  /** What stands in front of the message to answer, in a message of its own; is given how many tokens there are. */
  readonly toContext?: (tokens: number) => string | undefined;
};

/**
 * Builds the prompt of a run: the system prompt, and of the branch as many of the newest turns as fit. The message to
 * answer is always in it. Reads no further up the branch than needed.
 */
export async function buildPrompt(parts: PromptParts): Promise<Prompt> {
  const { system, systemTokens } = toSystem(parts.systemPrompt);
  const { takesImages } = parts.files;
  const estimate = (message: BranchMessage): number =>
    estimateFiledTokens(message, takesImages) + estimateEarlierCalls(message.calls);
  let left = parts.budgetTokens - systemTokens;
  const kept: BranchMessage[] = [];
  let isCut = false;
  let context: string | undefined;
  for await (const message of parts.branch) {
    // Answers that failed before their first word say nothing.
    if (message.role === "assistant" && message.content === "") continue;
    left -= estimate(message);
    if (left < 0 && kept.length > 0) {
      isCut = true;
      break;
    }
    kept.unshift(message);
    if (kept.length > 1 || parts.toContext === undefined) continue;
    context = parts.toContext(Math.max(left, 0));
    left -= estimateContext(context);
  }
  // A turn is dropped whole: an answer without its question would stand at the beginning.
  while (isCut && kept.length > 1 && kept[0]?.role === "assistant") kept.shift();
  const said = await toWireMessages(kept, parts.files);
  return {
    messages: withContext([...system, ...withEarlierCalls(said, (index) => kept[index]?.calls)], context),
    hasContext: context !== undefined,
    messagesKept: kept.length,
    cutAt: isCut ? kept[0]?.id : undefined,
    tokens: kept.reduce((sum, message) => sum + estimate(message), systemTokens + estimateContext(context)),
  };
}

function toSystem(content: string): { system: WireMessage[]; systemTokens: number } {
  if (content === "") return { system: [], systemTokens: 0 };
  return { system: [{ role: "system", content }], systemTokens: estimateMessageTokens({ content }) };
}

const estimateContext = (context: string | undefined): number =>
  context === undefined ? 0 : estimateMessageTokens({ content: context });

/** Puts the context in front of the question, never into the system prompt: it is nobody's instruction. */
function withContext(messages: readonly WireMessage[], context: string | undefined): readonly WireMessage[] {
  if (context === undefined) return messages;
  return messages.toSpliced(-1, 0, { role: "user", content: context });
}
