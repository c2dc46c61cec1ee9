/**
 * Whether the tests take every size and every offset, and not only a sample: `npm run faults` runs them in the mode
 * `full`.
 */
export const isFullSize = (import.meta as { readonly env?: { readonly MODE?: string } }).env?.MODE === "full";
