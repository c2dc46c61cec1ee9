import type { Socket } from "node:net";
import type { Dispatcher } from "undici";
import type { AnswerHeaders } from "../failure/retry-after.ts";
import { isLostConnection, type ExchangePhase } from "../failure/transport-failure.ts";
import type { ConnectionUser, Connections, WireRequest } from "./connections.ts";
import { UploadBody } from "./upload-body.ts";

/** Who learns what happens in an exchange. After `onEnd`, `onFailure`, `abort` or `release` nothing more is told. */
export type ExchangeListener = {
  /** A connection is there and the request goes out. */
  readonly onConnected: () => void;
  readonly onHead: (status: number, headers: AnswerHeaders) => void;
  /** What one turn of the event loop brought of the body. */
  readonly onData: (bytes: Uint8Array) => void;
  /** The body ended as its framing said. */
  readonly onEnd: () => void;
  readonly onFailure: (error: Error, phase: ExchangePhase) => void;
};

const drainMsMax = 500;
const drainBytesMax = 64 * 1024;

class ExchangeAbort extends Error {
  override readonly name = "ExchangeAbort";
}

/**
 * One request and its answer on one connection. What undici hands out piece by piece within one turn is joined; a
 * kept-alive connection that turns out to be closed is replaced once, unnoticed; an abort closes the socket at once,
 * connected or not.
 */
export class Exchange implements ConnectionUser {
  readonly #connections: Connections;
  readonly #request: WireRequest;
  #listener: ExchangeListener | undefined;
  #controller: Dispatcher.DispatchController | undefined;
  #socket: Socket | undefined;
  #phase: ExchangePhase = "connecting";
  /** What has come in this turn: mostly one piece. */
  #piece: Buffer | undefined;
  #furtherPieces: Buffer[] | undefined;
  #isReused = true;
  #isAnswered = false;
  #isRetried = false;
  #drain: { timer: NodeJS.Timeout; bytes: number } | undefined;

  constructor(connections: Connections, request: WireRequest, listener: ExchangeListener) {
    this.#connections = connections;
    this.#request = request;
    this.#listener = listener;
  }

  start(): void {
    this.#connections.dispatch(this.#request, this, this.#isRetried);
  }

  /** Closes the socket, in whatever state it is. */
  abort(): void {
    this.#listener = undefined;
    this.#forget();
    const reason = new ExchangeAbort("the exchange was aborted");
    if (this.#controller !== undefined) this.#controller.abort(reason);
    // Its error makes undici drop the request that waits for it.
    else this.#socket?.destroy(reason);
  }

  /** Reads no more until `resume`: whoever takes the answer is behind. */
  pause(): void {
    this.#controller?.pause();
  }

  resume(): void {
    this.#controller?.resume();
  }

  /** The rest of the body does not matter: reads it off for a moment, so that the connection can be used again. */
  release(): void {
    this.#listener = undefined;
    this.#forget();
    const timer = setTimeout(
      () => this.#controller?.abort(new ExchangeAbort("the answer does not end")),
      drainMsMax,
    );
    this.#drain = { timer: timer.unref(), bytes: 0 };
    this.#controller?.resume();
  }

  onConnecting(socket: Socket): void {
    this.#isReused = false;
    this.#socket = socket;
    if (this.#listener === undefined) socket.destroy(new ExchangeAbort("nobody waits for the connection"));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    this.#socket = undefined;
    this.#phase = "waiting";
    if (this.#listener === undefined) controller.abort(new ExchangeAbort("nobody waits for an answer"));
    else this.#listener.onConnected();
  }

  onResponseStarted(): void {
    this.#isAnswered = true;
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: AnswerHeaders): void {
    if (status < 200) return;
    // The bytes that the headers were read from would stay in memory as long as the answer takes.
    controller.rawHeaders = null;
    this.#phase = "reading";
    this.#listener?.onHead(status, headers);
  }

  onResponseData(_controller: Dispatcher.DispatchController, piece: Buffer): void {
    if (this.#drain !== undefined) {
      this.#drain.bytes += piece.length;
      if (this.#drain.bytes > drainBytesMax)
        this.#controller?.abort(new ExchangeAbort("the answer does not end"));
    } else if (this.#listener !== undefined) {
      this.#gather(piece);
    }
  }

  onResponseEnd(): void {
    this.flush();
    clearTimeout(this.#drain?.timer);
    this.#finish()?.onEnd();
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    this.flush();
    clearTimeout(this.#drain?.timer);
    if (this.#listener !== undefined && this.#mayRetry(error)) this.#retry();
    else this.#finish()?.onFailure(error, this.#phase);
  }

  /** Hands out what has been gathered. */
  flush(): void {
    const piece = this.#piece;
    if (piece === undefined) return;
    const further = this.#furtherPieces;
    this.#forget();
    this.#listener?.onData(further === undefined ? piece : Buffer.concat([piece, ...further]));
  }

  #gather(piece: Buffer): void {
    if (this.#piece === undefined) {
      this.#piece = piece;
      process.nextTick(flush, this);
    } else if (this.#furtherPieces === undefined) this.#furtherPieces = [piece];
    else this.#furtherPieces.push(piece);
  }

  #forget(): void {
    this.#piece = undefined;
    this.#furtherPieces = undefined;
  }

  #finish(): ExchangeListener | undefined {
    const listener = this.#listener;
    this.#listener = undefined;
    return listener;
  }

  /** The other side had closed the idle connection before our request reached it: not a byte came back. */
  #mayRetry(error: Error): boolean {
    return (
      this.#isReused &&
      !this.#isAnswered &&
      !this.#isRetried &&
      (!(this.#request.body instanceof UploadBody) || this.#request.body.canReplay) &&
      this.#phase !== "reading" &&
      isLostConnection(error)
    );
  }

  #retry(): void {
    this.#isRetried = true;
    this.#controller = undefined;
    this.#phase = "connecting";
    this.start();
  }
}

function flush(exchange: Exchange): void {
  exchange.flush();
}
