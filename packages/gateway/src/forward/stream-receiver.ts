import { isUtf8 } from "node:buffer";
import type { AnswerReceiver } from "../attempt/answer-receiver.ts";
import { refuseCompressed } from "../attempt/compressed.ts";
import { toFailure, type Failure } from "../failure/failure.ts";
import type { AnswerHeaders } from "../failure/retry-after.ts";
import type { StreamJoiner } from "../join/stream-joiner.ts";
import { doneFrame, withFinishReason } from "../scan/end-frames.ts";
import type { ScannedPiece, ScanOptions, ScanProgress } from "../scan/scan-progress.ts";
import { createStreamScanner } from "../scan/stream-scanner.ts";
import type { Outlet } from "./outlet.ts";
import { toStreamHeaders } from "./wire-headers.ts";

/** What one streamed answer is received with. */
export type StreamReceiverOptions = {
  readonly outlet: Outlet;
  readonly scan: ScanOptions;
  /** The upstream was asked for an answer in one piece. */
  readonly isWhole: boolean;
  /** The answer goes on where another one broke off. */
  readonly joiner?: StreamJoiner | undefined;
};

/** The receiver of a streamed answer. */
export type StreamReceiver = AnswerReceiver & { readonly progress: Readonly<ScanProgress> };

const differs: Failure = {
  ...toFailure("cancelled", "answer_truncated", "its answer differs from what the caller has"),
  final: true,
};

const unreadable = toFailure(
  "protocol_error",
  "upstream_unavailable",
  "the text of the answer could not be read",
);

/** Valid text passes as it is; what is none would break a caller's parser. */
function toText(bytes: Buffer): Buffer {
  return isUtf8(bytes) ? bytes : Buffer.from(bytes.toString());
}

/**
 * Creates the receiver of a streamed answer. Nothing goes to the caller, and the head is not sent, before there is real
 * content: until then another upstream can take its place.
 */
export function createStreamReceiver(options: StreamReceiverOptions): StreamReceiver {
  const { outlet, joiner } = options;
  const scanner = createStreamScanner(options.scan);
  const { progress } = scanner;
  let held: Buffer[] | undefined = outlet.isOpen ? undefined : [];
  let headers: AnswerHeaders = {};

  function pass(piece: ScannedPiece): void {
    const fresh = joiner?.state === "joining" ? joiner.join(piece) : piece;
    if (joiner?.state === "differs" || fresh.length === 0) return;
    if (held === undefined) {
      for (const bytes of fresh) outlet.write(toText(bytes));
      return;
    }
    held.push(...fresh);
    if (progress.hasContent) open(held);
  }

  function withReason(piece: ScannedPiece): ScannedPiece {
    const { isDone, finishReason, hasContent, model } = progress;
    const { kind } = options.scan;
    const isMissing = isDone && finishReason === undefined && hasContent && kind !== "response";
    return isMissing ? withFinishReason(piece, { kind, model }) : piece;
  }

  function open(pieces: readonly Buffer[]): void {
    held = undefined;
    outlet.head(200, toStreamHeaders(headers));
    if (pieces.length > 0)
      outlet.write(toText(pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces)));
  }

  function endJoining(): void {
    if (joiner?.state === "joining" && progress.fault === undefined) pass(joiner.end());
  }

  return {
    progress,
    headStage: options.isWhole ? "wholeAnswerMs" : "firstByteMs",
    get failure() {
      if (joiner?.state === "differs") return differs;
      const isEmpty = progress.framesMalformed > 0 && !progress.hasContent;
      return isEmpty && (progress.isDone || progress.finishReason !== undefined) ? unreadable : undefined;
    },
    head(_status, answerHeaders) {
      headers = answerHeaders;
      return refuseCompressed(answerHeaders);
    },
    read(bytes) {
      pass(withReason(scanner.scan(bytes as Buffer)));
      if (progress.isDone) endJoining();
    },
    end() {
      pass(withReason(scanner.end()));
      if (progress.finishReason !== undefined || progress.isDone) endJoining();
    },
    complete() {
      // An answer may be empty: then its end is all there is to say.
      if (held !== undefined) open(held);
      // Some upstreams leave it out, and callers wait for it.
      if (!progress.isDone && options.scan.kind !== "response") outlet.write(doneFrame);
    },
  };
}
