/** An abort of its own that follows others until it is released. */
export type LinkedAbort = {
  readonly signal: AbortSignal;
  abort(reason: unknown): void;
  /** Lets go of the signals that it follows. */
  release(): void;
};

/**
 * Creates an abort that follows these signals. `AbortSignal.any` would do the same, but not in every browser, and it
 * keeps its result alive for as long as a source lives.
 */
export function createLinkedAbort(sources: readonly (AbortSignal | null | undefined)[]): LinkedAbort {
  const controller = new AbortController();
  const followed: { source: AbortSignal; follow: () => void }[] = [];
  const release = () => {
    for (const { source, follow } of followed) source.removeEventListener("abort", follow);
  };
  for (const source of sources) {
    if (source === null || source === undefined) continue;
    const follow = () => controller.abort(source.reason);
    if (source.aborted) follow();
    else source.addEventListener("abort", follow);
    followed.push({ source, follow });
  }
  return { signal: controller.signal, abort: (reason) => controller.abort(reason), release };
}
