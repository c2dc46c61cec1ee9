import { Readable } from "node:stream";
import { DomainError, findDomainError } from "@llm-backend/contract";

/**
 * A request body that is passed on as it comes, and can be sent again as long as little of it has been read: what has
 * been read is kept up to a limit.
 */
export class UploadBody {
  /** Its length in bytes, where the caller has said so. */
  readonly length: number | undefined;
  readonly #source: Readable;
  readonly #keptBytesMax: number;
  #kept: Buffer[] | undefined = [];
  #keptBytes = 0;
  #isEnded = false;
  #pulling: Promise<Buffer | undefined> | undefined;
  #opened: Readable | undefined;
  #movedAt = performance.now();

  constructor(source: Readable, options: { length: number | undefined; keptBytesMax: number }) {
    this.#source = source;
    this.length = options.length;
    this.#keptBytesMax = options.keptBytesMax;
    // Told to whoever reads it; nobody may be reading just now.
    source.on("error", () => {});
  }

  /** All of what was read so far is still there. */
  get canReplay(): boolean {
    return this.#kept !== undefined && (this.#isEnded || !this.#source.destroyed);
  }

  /**
   * The whole body, from its beginning; the stream that was handed out before must be done with. It breaks off with a
   * DomainError, the source's own or `cancelled`: that is nobody's fault but the caller's.
   */
  open(): Readable {
    this.#opened?.destroy();
    this.#movedAt = performance.now();
    this.#opened = Readable.from(this.#read(), { objectMode: false });
    return this.#opened;
  }

  /** How much of `ms` an upstream has left since it got the last piece; all of it while the caller is waited for. */
  leftMs(ms: number): number {
    return this.#pulling === undefined ? this.#movedAt + ms - performance.now() : ms;
  }

  /** Nobody will read any more. */
  close(): void {
    this.#opened?.destroy();
    this.#kept = undefined;
    // What is still to come has nowhere to go, and would keep the caller's connection from its next request.
    if (!this.#source.destroyed) this.#source.resume();
  }

  async *#read(): AsyncGenerator<Buffer, void> {
    if (this.#kept === undefined) throw new Error("The body was too long to be kept");
    for (let index = 0; ;) {
      const kept = this.#kept?.[index];
      if (kept !== undefined) {
        index++;
        yield kept;
        continue;
      }
      if (this.#isEnded) return;
      // The reader before may have a read under way: what it brings is kept, and comes here.
      this.#pulling ??= this.#pull();
      const piece = await this.#pulling;
      if (this.#kept === undefined && piece !== undefined) yield piece;
    }
  }

  async #pull(): Promise<Buffer | undefined> {
    try {
      const piece = await readPiece(this.#source);
      this.#movedAt = performance.now();
      if (piece === undefined) this.#isEnded = true;
      else this.#keep(piece);
      return piece;
    } catch (cause) {
      throw findDomainError(cause) ?? new DomainError("cancelled", undefined, { cause });
    } finally {
      this.#pulling = undefined;
    }
  }

  #keep(piece: Buffer): void {
    this.#keptBytes += piece.length;
    if (this.#keptBytes > this.#keptBytesMax) this.#kept = undefined;
    else this.#kept?.push(piece);
  }
}

/** The next piece of a stream; undefined at its end. */
function readPiece(source: Readable): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const look = (): void => {
      const piece = source.read() as Buffer | null;
      if (piece !== null) done(() => resolve(piece));
      else if (source.readableEnded) done(() => resolve(undefined));
      else if (source.destroyed) fail();
    };
    const end = (): void => done(() => resolve(undefined));
    const fail = (error?: Error): void => done(() => reject(error ?? new Error("The body broke off")));
    const close = (): void => fail();
    function done(settle: () => void): void {
      source.off("readable", look).off("end", end).off("error", fail).off("close", close);
      settle();
    }
    source.on("readable", look).on("end", end).on("error", fail).on("close", close);
    look();
  });
}
