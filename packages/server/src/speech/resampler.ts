import { getSincFilter, type SincFilter } from "./sinc-filter.ts";

/** Changes the rate of one sound that comes in pieces. Its beginning stays where it is: nothing is delayed. */
export type Resampler = {
  push(samples: Int16Array): Int16Array;
  /** The samples that waited for what comes behind them. */
  end(): Int16Array;
};

/** Creates it for rates in samples a second. */
export function createResampler(from: number, to: number): Resampler {
  if (from === to) return { push: (samples) => samples, end: () => new Int16Array(0) };
  return new PolyphaseResampler(getSincFilter(from, to));
}

class PolyphaseResampler implements Resampler {
  readonly #filter: SincFilter;
  /** The input that is still needed; before the first sample there was silence. */
  #kept: Float64Array;
  #keptLength: number;
  /** Which input sample `#kept` begins with, counted from the first one. */
  #keptFrom: number;
  #inputLength = 0;
  #outputLength = 0;

  constructor(filter: SincFilter) {
    this.#filter = filter;
    const before = filter.taps / 2 - 1;
    this.#kept = new Float64Array(before);
    this.#keptLength = before;
    this.#keptFrom = -before;
  }

  push(samples: Int16Array): Int16Array {
    this.#append(samples);
    this.#inputLength += samples.length;
    return this.#drain(this.#inputLength);
  }

  end(): Int16Array {
    const { taps } = this.#filter;
    this.#append(new Int16Array(taps));
    return this.#drain(this.#inputLength + taps);
  }

  #append(samples: Int16Array): void {
    const needed = this.#keptLength + samples.length;
    if (needed > this.#kept.length) {
      const grown = new Float64Array(needed);
      grown.set(this.#kept.subarray(0, this.#keptLength));
      this.#kept = grown;
    }
    this.#kept.set(samples, this.#keptLength);
    this.#keptLength = needed;
  }

  /** Everything that can be told from input before `until`. */
  #drain(until: number): Int16Array {
    const { up, down, taps } = this.#filter;
    const half = taps / 2;
    // The sample that lies on or before output n is n × down / up; `half` more are needed behind it.
    const last = Math.floor(((until - half) * up - 1) / down);
    const most = Math.ceil((this.#inputLength * up) / down);
    const output = new Int16Array(Math.max(0, Math.min(last + 1, most) - this.#outputLength));
    for (let index = 0; index < output.length; index++) {
      const place = (this.#outputLength + index) * down;
      const phase = place % up;
      const begin = (place - phase) / up - half + 1 - this.#keptFrom;
      output[index] = this.#weigh(begin, phase * taps);
    }
    this.#outputLength += output.length;
    this.#forget();
    return output;
  }

  #weigh(begin: number, row: number): number {
    const { taps, weights } = this.#filter;
    const kept = this.#kept;
    let sum = 0;
    for (let tap = 0; tap < taps; tap++)
      sum += (kept[begin + tap] as number) * (weights[row + tap] as number);
    return Math.max(-32_768, Math.min(32_767, Math.round(sum)));
  }

  #forget(): void {
    const { up, down, taps } = this.#filter;
    const needed = Math.floor((this.#outputLength * down) / up) - taps / 2 + 1;
    const forgotten = Math.min(this.#keptLength, needed - this.#keptFrom);
    if (forgotten <= 0) return;
    this.#kept.copyWithin(0, forgotten, this.#keptLength);
    this.#keptLength -= forgotten;
    this.#keptFrom += forgotten;
  }
}
