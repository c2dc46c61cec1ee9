import type { AnswerLimits } from "../answer/answer-format.ts";
import { createAnswerReader } from "../answer/answer-reader.ts";
import type { AnswerPart, ToolCall } from "../ports.ts";
import type { AnswerReceiver } from "./answer-receiver.ts";
import { refuseCompressed } from "./compressed.ts";

/** The receiver of an answer that is wanted as parts. */
export type ChatReceiver = AnswerReceiver & {
  /** The calls of tools, as far as they have come. */
  readonly toolCalls: () => readonly ToolCall[];
};

/** Creates the receiver of an answer that is wanted as parts, joined by the reads that brought them. */
export function createChatReceiver(
  limits: AnswerLimits,
  onParts: (parts: readonly AnswerPart[]) => void,
): ChatReceiver {
  const reader = createAnswerReader(limits);
  const pass = (parts: readonly AnswerPart[]): void => {
    if (parts.length > 0) onParts(parts);
  };
  return {
    progress: reader.progress,
    toolCalls: reader.toolCalls,
    headStage: "firstByteMs",
    head: (_status, headers) => refuseCompressed(headers),
    read: (bytes) => pass(reader.read(bytes as Buffer)),
    end: () => pass(reader.end()),
  };
}
