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
  if (last === undefined || !last.subarray(-doneFrame.length).equals(doneFrame)) return piece;
  const rest = last.subarray(0, last.length - doneFrame.length);
  return [...piece.slice(0, -1), rest, toFinishFrame(kind, model), doneFrame];
}
