/** The filter between two rates: a row of weights for each place that an output sample can have between input samples. */
export type SincFilter = {
  /** Output samples come `up` for each `down` input samples. */
  readonly up: number;
  readonly down: number;
  /** Weights in a row; half of them lie behind the output sample. */
  readonly taps: number;
  /** The rows, one behind the other: `up` of them. */
  readonly weights: Float64Array;
};

/** What the filter lets through of that which must not come through. */
const attenuationDb = 80;
/** How wide the slope is, as a share of the lower rate. The pass band ends one slope below half of it. */
const slopeShare = 0.05;

const filters = new Map<string, SincFilter>();

/** Makes the filter between two rates, once. */
export function getSincFilter(from: number, to: number): SincFilter {
  const key = `${from}:${to}`;
  const known = filters.get(key);
  if (known !== undefined) return known;
  const made = createSincFilter(from, to);
  filters.set(key, made);
  return made;
}

/**
 * A low pass by a windowed sinc: nothing above half of the lower rate is left.
 *
 * @source J. F. Kaiser, R. W. Schafer, On the use of the I0-sinh window for spectrum analysis, 1980
 */
function createSincFilter(from: number, to: number): SincFilter {
  const divisor = toDivisor(from, to);
  const [up, down] = [to / divisor, from / divisor];
  const lower = Math.min(from, to);
  const slope = (slopeShare * lower) / from;
  const cutoff = (0.5 * lower) / from - slope / 2;
  const order = (attenuationDb - 7.95) / (2.285 * 2 * Math.PI * slope);
  const half = Math.ceil(order / 2);
  const taps = 2 * half;
  const beta = 0.1102 * (attenuationDb - 8.7);
  const weights = new Float64Array(up * taps);
  for (let phase = 0; phase < up; phase++) {
    const row = weights.subarray(phase * taps, (phase + 1) * taps);
    for (let tap = 0; tap < taps; tap++)
      row[tap] = toWeight(tap - half + 1 - phase / up, { cutoff, half, beta });
    normalise(row);
  }
  return { up, down, taps, weights };
}

type Shape = { readonly cutoff: number; readonly half: number; readonly beta: number };

function toWeight(distance: number, { cutoff, half, beta }: Shape): number {
  const place = distance / half;
  if (Math.abs(place) > 1) return 0;
  const window = toBessel(beta * Math.sqrt(1 - place * place)) / toBessel(beta);
  const angle = 2 * Math.PI * cutoff * distance;
  const sinc = distance === 0 ? 1 : Math.sin(angle) / angle;
  return 2 * cutoff * sinc * window;
}

/** What does not change stays as loud as it is, wherever the sample lies. */
function normalise(row: Float64Array): void {
  const sum = row.reduce((total, weight) => total + weight, 0);
  for (let index = 0; index < row.length; index++) row[index] = (row[index] as number) / sum;
}

/** The modified Bessel function of the first kind, order zero. */
function toBessel(x: number): number {
  let [sum, term] = [1, 1];
  for (let step = 1; term > sum * 1e-16; step++) {
    term *= (x / (2 * step)) ** 2;
    sum += term;
  }
  return sum;
}

function toDivisor(a: number, b: number): number {
  return b === 0 ? a : toDivisor(b, a % b);
}
