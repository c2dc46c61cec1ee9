/** What nobody has caught. */
export type Broken = Disposable & {
  /** The first failure of the process that no part of it has taken care of. */
  readonly first: Promise<{ readonly error: unknown }>;
};

/** So many are told at most: what fails once may fail with every turn. */
const toldMax = 10;

/**
 * Waits for a failure that nobody has caught: a bug. After it the process is not what it was, and has to end; answers
 * under way, which know nothing of it, may come to their end before.
 */
export function untilBroken(onError: (error: unknown) => void): Broken {
  const first = Promise.withResolvers<{ error: unknown }>();
  let told = 0;
  const listener = (error: unknown) => {
    if (told++ < toldMax) onError(error);
    first.resolve({ error });
  };
  // A rejection that nobody has caught comes here as well.
  process.on("uncaughtException", listener);
  return { first: first.promise, [Symbol.dispose]: () => void process.off("uncaughtException", listener) };
}
