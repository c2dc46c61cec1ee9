/** One event of a stream, as it came, and what it says. */
export type Frame = {
  /** With the blank line behind it. */
  readonly raw: Buffer;
  /** What its `data:` lines say; undefined for a comment. */
  readonly data: string | undefined;
};

const [lf, cr] = [0x0a, 0x0d];
const nothing = Buffer.alloc(0);

/** Cuts a stream of events into its frames, however its bytes come. */
export class FrameSplitter {
  #kept: Buffer = nothing;
  /** What was looked at of it before. */
  #seen = 0;

  /** The frames that are whole now. */
  push(bytes: Buffer): readonly Frame[] {
    const all = this.#kept.length === 0 ? bytes : Buffer.concat([this.#kept, bytes]);
    const frames: Frame[] = [];
    let start = 0;
    let at = this.#seen;
    for (;;) {
      const line = all.indexOf(lf, at);
      if (line === -1) break;
      const next = all[line + 1] === cr ? line + 2 : line + 1;
      if (next >= all.length) break;
      at = line + 1;
      if (all[next] !== lf) continue;
      frames.push(toFrame(all.subarray(start, next + 1)));
      start = next + 1;
      at = start;
    }
    this.#kept = all.subarray(start);
    this.#seen = Math.max(0, at - start);
    return frames;
  }

  /** What is left when no more comes. */
  end(): readonly Frame[] {
    const rest = this.#kept;
    this.#kept = nothing;
    this.#seen = 0;
    return rest.length === 0 ? [] : [toFrame(rest)];
  }
}

function toFrame(raw: Buffer): Frame {
  const lines = raw
    .toString()
    .split(/\r?\n/)
    .flatMap((line) => (line.startsWith("data:") ? [line.slice(line[5] === " " ? 6 : 5)] : []));
  return { raw, data: lines.length === 0 ? undefined : lines.join("\n") };
}
