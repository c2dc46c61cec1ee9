import { isUtf8 } from "node:buffer";
import { createProgress, type AnswerProgress } from "../answer/answer-progress.ts";
import type { AnswerReceiver } from "../attempt/answer-receiver.ts";
import { refuseCompressed } from "../attempt/compressed.ts";
import type { AnswerHeaders } from "../failure/retry-after.ts";
import { createCompletionAssembler, type CompletionAssembler } from "../scan/completion-assembler.ts";
import type { ScanOptions, ScanProgress } from "../scan/scan-progress.ts";
import { createStreamScanner, type StreamScanner } from "../scan/stream-scanner.ts";
import { judgeWhole } from "../scan/whole-answer.ts";
import type { Outlet } from "./outlet.ts";
import { toCallerHeaders } from "./wire-headers.ts";

/** What an answer in one piece is received with. */
export type WholeReceiverOptions = {
  readonly outlet: Outlet;
  readonly scan: ScanOptions;
  /** The upstream was asked for a stream, since it gives nothing else. */
  readonly isStreamed: boolean;
};

/** The receiver of an answer in one piece. */
export type WholeReceiver = AnswerReceiver & { readonly progress: AnswerProgress & KeptText };

/** The text of an answer, as far as it was kept. */
export type KeptText = { text: string; textChars: number };

/** JSON with escapes takes more than the text it holds; pictures in an answer take most. */
const bytesPerAnswerByte = 8;

/**
 * Creates the receiver of an answer in one piece: it is held until it is complete, so that one that breaks off never
 * reaches the caller. An upstream that streams nevertheless is put together.
 */
export function createWholeReceiver(options: WholeReceiverOptions): WholeReceiver {
  const { outlet, scan } = options;
  const progress: AnswerProgress & KeptText = { ...createProgress(), text: "", textChars: 0 };
  const bytesMax = scan.limits.answerBytesMax * bytesPerAnswerByte;
  let headers: AnswerHeaders = {};
  let status = 200;
  let stream: { scanner: StreamScanner; assembler: CompletionAssembler } | undefined;
  const pieces: Buffer[] = [];
  let size = 0;

  function begin(first: string): void {
    if (first === "<") progress.fault = { outcome: "protocol_error", message: "the answer is a page" };
    else if (first !== "{" && first !== "[")
      stream = { scanner: createStreamScanner(scan), assembler: createCompletionAssembler(scan.kind) };
  }

  function readStream(bytes: Buffer): void {
    if (stream === undefined) return;
    stream.assembler.add(stream.scanner.scan(bytes));
    note(stream.scanner.progress);
  }

  function note({ fault, framesMalformed, isDone, finishReason }: Readonly<ScanProgress>): void {
    progress.fault = fault;
    progress.framesMalformed = framesMalformed;
    // Complete is what has a reason for its end; a mark alone is not enough to build an answer from.
    if (isDone && fault === undefined) finishStream(finishReason);
  }

  function finishStream(finishReason: string | undefined): void {
    const completion = stream?.assembler.toCompletion();
    if (completion === undefined || stream === undefined || progress.isDone) return;
    const { model, usage, text, textChars } = stream.scanner.progress;
    Object.assign(progress, { model, usage, text, textChars, finishReason });
    send(completion);
  }

  function send(body: Buffer): void {
    progress.hasContent = true;
    progress.isDone = true;
    outlet.head(status, {
      ...toCallerHeaders(headers),
      ...(stream !== undefined && { "content-type": "application/json" }),
      "content-length": String(body.length),
    });
    outlet.write(body);
  }

  return {
    progress,
    headStage: options.isStreamed ? "firstByteMs" : "wholeAnswerMs",
    head(answerStatus, answerHeaders) {
      status = answerStatus;
      headers = answerHeaders;
      return refuseCompressed(answerHeaders);
    },
    read(bytes) {
      const piece = bytes as Buffer;
      if (size === 0) {
        const first = /\S/.exec(piece.toString("latin1").replace(/^ï»¿/, ""))?.[0];
        if (first !== undefined) begin(first);
      }
      size += piece.length;
      if (stream !== undefined) return readStream(piece);
      pieces.push(piece);
      if (size > bytesMax) progress.fault = { outcome: "too_large", message: "the answer is too long" };
    },
    end() {
      if (progress.fault !== undefined || progress.isDone) return;
      if (stream !== undefined) {
        stream.assembler.add(stream.scanner.end());
        const { finishReason } = stream.scanner.progress;
        note(stream.scanner.progress);
        if (finishReason !== undefined && progress.fault === undefined) finishStream(finishReason);
        return;
      }
      const body = pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces);
      const { fault, model, usage, finishReason, text, textChars } = judgeWhole(body, scan.kind);
      Object.assign(progress, { fault, model, usage, finishReason, textChars });
      progress.text = text.slice(0, scan.textCharsMax);
      if (fault === undefined) send(isUtf8(body) ? body : Buffer.from(body.toString()));
    },
  };
}
