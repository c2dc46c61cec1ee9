import type { AnswerLimits, AnswerSink, FormatReader } from "./answer-format.ts";
import { readChunk, type Chunk } from "./chunk.ts";

function parse(text: string): Chunk | undefined {
  try {
    return readChunk(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/**
 * Reads a completion in one piece, as some servers answer although a stream was asked for.
 * A document that parses is complete by itself, whether or not it names a finish reason.
 */
export function createCompletionReader(sink: AnswerSink, limits: AnswerLimits): FormatReader {
  // Escapes can make JSON six times as long as the text it holds; twice is what real answers stay below.
  const charsMax = 2 * limits.answerBytesMax + limits.eventBytesMax;
  const decoder = new TextDecoder();
  const pieces: string[] = [];
  let chars = 0;
  return {
    read(bytes) {
      const text = decoder.decode(bytes, { stream: true });
      pieces.push(text);
      chars += text.length;
      if (chars > charsMax) sink.fault({ outcome: "too_large", message: "the answer is too long" });
    },
    end() {
      const chunk = parse(pieces.join("") + decoder.decode());
      if (chunk === undefined) {
        sink.malformed();
        sink.fault({ outcome: "protocol_error", message: "the answer is neither a stream nor JSON" });
        return;
      }
      sink.chunk(chunk);
      const holdsAnswer =
        chunk.text !== "" ||
        chunk.reasoning !== "" ||
        chunk.toolPieces.length > 0 ||
        chunk.finishReason !== undefined;
      if (chunk.error !== undefined) return;
      if (holdsAnswer) sink.done();
      else sink.fault({ outcome: "protocol_error", message: "the answer is JSON without an answer in it" });
    },
  };
}
