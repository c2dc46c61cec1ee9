/** How much is measured. */
export type RedisBenchOptions = { readonly quick: boolean; readonly rounds: number };
