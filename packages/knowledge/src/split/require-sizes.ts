import type { PassageSizes } from "../ports.ts";

// Shorter pieces say nothing, and a quarter of them has to hold what is shown as one character: families of emoji.
const targetMin = 64;

/** Guards the sizes of passages. @throws RangeError when they contradict each other. */
export function requireSizes({ target, max, overlap }: PassageSizes): void {
  if (!Number.isInteger(target) || target < targetMin) {
    throw new RangeError(`Passages have to have at least ${targetMin} characters, not ${target}.`);
  }
  if (!Number.isInteger(max) || max < target) {
    throw new RangeError(`Passages of ${target} characters do not fit into ${max}.`);
  }
  if (!Number.isInteger(overlap) || overlap < 0 || overlap > target / 2) {
    throw new RangeError(`Passages of ${target} characters cannot overlap by ${overlap}; at most by half.`);
  }
}
