import type { ForwardSink } from "./forward-ports.ts";

/** Whoever brings the answer, as far as it can be held back. */
export type HeldSource = { pause(): void; resume(): void };

/** The caller's end of a call, over all attempts: the head goes out once, and a caller who is behind holds the source. */
export class Outlet {
  readonly #sink: ForwardSink;
  readonly #startedAt = performance.now();
  #source: HeldSource | undefined;
  #isFull = false;
  status: number | undefined;
  firstByteMs: number | undefined;

  constructor(sink: ForwardSink) {
    this.#sink = sink;
    sink.onDrain(() => {
      this.#isFull = false;
      this.#source?.resume();
    });
  }

  /** The head has gone out: what comes now cannot be taken back. */
  get isOpen(): boolean {
    return this.status !== undefined;
  }

  get elapsedMs(): number {
    return performance.now() - this.#startedAt;
  }

  /** Names who brings the answer from now on. */
  attach(source: HeldSource): void {
    this.#source = source;
    if (this.#isFull) source.pause();
  }

  head(status: number, headers: Readonly<Record<string, string | readonly string[]>>): void {
    this.status = status;
    this.firstByteMs = this.elapsedMs;
    this.#sink.head(status, headers);
  }

  write(bytes: Uint8Array): void {
    if (this.#sink.write(bytes) || this.#isFull) return;
    this.#isFull = true;
    this.#source?.pause();
  }

  end(): void {
    this.#sink.end();
  }

  cut(): void {
    this.#sink.cut();
  }
}
