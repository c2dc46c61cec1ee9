import { isUtf8 } from "node:buffer";
import type { AnswerReceiver } from "../attempt/answer-receiver.ts";
import { refuseCompressed } from "../attempt/compressed.ts";
import { toFailure, type Failure } from "../failure/failure.ts";
import type { AnswerHeaders } from "../failure/retry-after.ts";
import type { StreamJoiner } from "../join/stream-joiner.ts";
import { doneFrame, withFinishReason } from "../scan/end-frames.ts";
import type { ScannedKind, ScannedPiece, ScanOptions, ScanProgress } from "../scan/scan-progress.ts";
import { createStreamScanner, type StreamScanner } from "../scan/stream-scanner.ts";
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

class Receiver implements StreamReceiver {
  readonly progress: Readonly<ScanProgress>;
  readonly headStage: StreamReceiver["headStage"];
  readonly #outlet: Outlet;
  readonly #joiner: StreamJoiner | undefined;
  readonly #kind: ScannedKind;
  readonly #scanner: StreamScanner;
  #held: Buffer[] | undefined;
  #headers: AnswerHeaders | undefined;

  constructor({ outlet, joiner, scan, isWhole }: StreamReceiverOptions) {
    this.#outlet = outlet;
    this.#joiner = joiner;
    this.#kind = scan.kind;
    this.#scanner = createStreamScanner(scan);
    this.#held = outlet.isOpen ? undefined : [];
    this.progress = this.#scanner.progress;
    this.headStage = isWhole ? "wholeAnswerMs" : "firstByteMs";
  }

  get failure(): Failure | undefined {
    const { progress } = this;
    if (this.#joiner?.state === "differs") return differs;
    const isEmpty = progress.framesMalformed > 0 && !progress.hasContent;
    return isEmpty && (progress.isDone || progress.finishReason !== undefined) ? unreadable : undefined;
  }

  head(_status: number, headers: AnswerHeaders): Failure | undefined {
    this.#headers = headers;
    return refuseCompressed(headers);
  }

  read(bytes: Uint8Array): void {
    this.#pass(this.#withReason(this.#scanner.scan(bytes as Buffer)));
    if (this.progress.isDone) this.#endJoining();
  }

  end(): void {
    this.#pass(this.#withReason(this.#scanner.end()));
    if (this.progress.finishReason !== undefined || this.progress.isDone) this.#endJoining();
  }

  complete(): void {
    // An answer may be empty: then its end is all there is to say.
    if (this.#held !== undefined) this.#open(this.#held);
    // Some upstreams leave it out, and callers wait for it.
    if (!this.progress.isDone && this.#kind !== "response") this.#outlet.write(doneFrame);
  }

  #pass(piece: ScannedPiece): void {
    const joiner = this.#joiner;
    const fresh = joiner?.state === "joining" ? joiner.join(piece) : piece;
    if (joiner?.state === "differs" || fresh.length === 0) return;
    if (this.#held === undefined) {
      for (let index = 0; index < fresh.length; index++) this.#outlet.write(toText(fresh[index] as Buffer));
      return;
    }
    this.#held.push(...fresh);
    if (this.progress.hasContent) this.#open(this.#held);
  }

  #withReason(piece: ScannedPiece): ScannedPiece {
    const { isDone, finishReason, hasContent, model } = this.progress;
    const kind = this.#kind;
    const isMissing = isDone && finishReason === undefined && hasContent && kind !== "response";
    return isMissing ? withFinishReason(piece, { kind, model }) : piece;
  }

  #open(pieces: readonly Buffer[]): void {
    this.#outlet.head(200, toStreamHeaders(this.#headers ?? {}));
    this.#held = undefined;
    this.#headers = undefined;
    if (pieces.length > 0)
      this.#outlet.write(toText(pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces)));
  }

  #endJoining(): void {
    if (this.#joiner?.state === "joining" && this.progress.fault === undefined)
      this.#pass(this.#joiner.end());
  }
}

/**
 * Creates the receiver of a streamed answer. Nothing goes to the caller, and the head is not sent, before there is real
 * content: until then another upstream can take its place.
 */
export function createStreamReceiver(options: StreamReceiverOptions): StreamReceiver {
  return new Receiver(options);
}
