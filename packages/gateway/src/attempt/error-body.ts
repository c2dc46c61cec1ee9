import type { AnswerHeaders } from "../failure/retry-after.ts";

const bytesMax = 64 * 1024;

/** The body of an answer with an error status, as much of it as matters. */
export class ErrorBody {
  readonly status: number;
  readonly headers: AnswerHeaders;
  readonly #pieces: Uint8Array[] = [];
  #bytes = 0;

  constructor(status: number, headers: AnswerHeaders) {
    this.status = status;
    this.headers = headers;
  }

  /** Takes more of the body; `false` when that is enough. */
  add(bytes: Uint8Array): boolean {
    this.#pieces.push(bytes);
    this.#bytes += bytes.length;
    return this.#bytes < bytesMax;
  }

  get text(): string {
    return Buffer.concat(this.#pieces).toString();
  }
}
