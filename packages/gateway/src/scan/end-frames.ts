import { FrameBounds, readFrameLines } from "./frame-lines.ts";
import type { ScannedKind, ScannedPiece } from "./scan-progress.ts";

/** The end of a stream. */
export const doneFrame: Buffer = Buffer.from("data: [DONE]\n\n");

/** The frame that ends the one choice of a stream whose provider gave no reason for its end. */
function toFinishFrame(kind: ScannedKind, model: string | undefined): Buffer {
  const isChat = kind === "chat";
  const choice = { index: 0, ...(isChat ? { delta: {} } : { text: "" }), finish_reason: "stop" };
  const object = isChat ? "chat.completion.chunk" : "text_completion";
  const chunk = { id: "", object, created: 0, model: model ?? "", choices: [choice] };
  return Buffer.from(`data: ${JSON.stringify(chunk)}\n\n`);
}

/** Puts a reason before the end of a stream that has ended without one: strict callers take no answer without it. */
export function withFinishReason(
  piece: ScannedPiece,
  { kind, model }: { readonly kind: ScannedKind; readonly model: string | undefined },
): ScannedPiece {
  const last = piece.at(-1);
  if (last === undefined) return piece;
  const at = findLastFrame(last);
  if (readFrameLines(last, at, last.length).data !== "[DONE]") return piece;
  const before = at === 0 ? [] : [last.subarray(0, at)];
  return [...piece.slice(0, -1), ...before, toFinishFrame(kind, model), last.subarray(at)];
}

/** Where the last frame begins: ends of streams pass as they were written, with or without a blank, in any line ends. */
function findLastFrame(bytes: Buffer): number {
  const bounds = new FrameBounds();
  for (let start = 0; ;) {
    bounds.start(start);
    const end = bounds.find(bytes, start);
    if (end === -1 || end === bytes.length) return start;
    start = end;
  }
}
