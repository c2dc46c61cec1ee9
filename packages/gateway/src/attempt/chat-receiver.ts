import type { AnswerLimits } from "../answer/answer-format.ts";
import { createAnswerReader } from "../answer/answer-reader.ts";
import type { AnswerPart } from "../ports.ts";
import type { AnswerReceiver } from "./answer-receiver.ts";
import { refuseCompressed } from "./compressed.ts";

/** Creates the receiver of an answer that is wanted as parts, joined by the reads that brought them. */
export function createChatReceiver(
  limits: AnswerLimits,
  onParts: (parts: readonly AnswerPart[]) => void,
): AnswerReceiver {
  const reader = createAnswerReader(limits);
  const pass = (parts: readonly AnswerPart[]): void => {
    if (parts.length > 0) onParts(parts);
  };
  return {
    progress: reader.progress,
    headStage: "firstByteMs",
    head: (_status, headers) => refuseCompressed(headers),
    read: (bytes) => pass(reader.read(bytes as Buffer)),
    end: () => pass(reader.end()),
  };
}
