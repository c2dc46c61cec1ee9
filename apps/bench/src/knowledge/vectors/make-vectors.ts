/** Vectors of length one, one behind the other. */
export type Vectors = { readonly dims: number; readonly count: number; readonly numbers: Float32Array };

const topics = 200;
/** How far a vector is from the middle of its topic, against the length of that. */
const spread = 0.8;

/** Makes vectors that lie in topics, as those of texts do. The same seed makes the same ones. */
export function makeVectors(count: number, dims: number, seed: number): Vectors {
  const next = createNumbers(seed);
  const middles = fill(topics, dims, createNumbers(1));
  const numbers = fill(count, dims, next);
  for (let index = 0; index < count; index++) {
    const middle = Math.floor((next() + 0.5) * topics) * dims;
    const vector = numbers.subarray(index * dims, (index + 1) * dims);
    for (let at = 0; at < dims; at++) vector[at] = (vector[at] ?? 0) * spread + (middles[middle + at] ?? 0);
    toLengthOne(vector);
  }
  return { dims, count, numbers };
}

/** One of them. */
export function getVector({ dims, numbers }: Vectors, index: number): Float32Array {
  return numbers.subarray(index * dims, (index + 1) * dims);
}

function fill(count: number, dims: number, next: () => number): Float32Array {
  const numbers = new Float32Array(count * dims);
  for (let at = 0; at < numbers.length; at++) numbers[at] = next();
  for (let index = 0; index < count; index++) toLengthOne(numbers.subarray(index * dims, (index + 1) * dims));
  return numbers;
}

function toLengthOne(vector: Float32Array): void {
  let squares = 0;
  for (const value of vector) squares += value * value;
  const factor = 1 / Math.sqrt(squares);
  for (let at = 0; at < vector.length; at++) vector[at] = (vector[at] ?? 0) * factor;
}

/**
 * Numbers from -0.5 up to 0.5.
 *
 * @source Numerical Recipes, the quick and dirty generator: its low bits do not matter here.
 */
function createNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32 - 0.5;
  };
}
