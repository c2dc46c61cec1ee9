/** Gathers bytes that do not make a whole frame yet. What was given out is never written to again. */
export class ReadTail {
  #bytes: Buffer = Buffer.alloc(0);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Adds bytes, by copying them: a read is not kept alive for the little that is left of it. */
  add(bytes: Buffer): void {
    const needed = this.#length + bytes.length;
    if (needed > this.#bytes.length) {
      // Doubling keeps the copying in proportion to what comes; the first piece is mostly the only one.
      const grown = Buffer.allocUnsafe(
        this.#length === 0 ? needed : Math.max(needed, 2 * this.#bytes.length),
      );
      this.#bytes.copy(grown, 0, 0, this.#length);
      this.#bytes = grown;
    }
    bytes.copy(this.#bytes, this.#length);
    this.#length = needed;
  }

  /** All that was gathered, without taking it. */
  view(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Hands out all that was gathered. */
  take(): Buffer {
    const taken = this.view();
    this.#bytes = Buffer.alloc(0);
    this.#length = 0;
    return taken;
  }
}
