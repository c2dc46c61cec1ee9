const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** The signals that tell the process to stop, as they come. */
export type Told = Disposable & {
  /** The first one: stop in good order. */
  readonly first: Promise<NodeJS.Signals>;
  /** Another one, from whoever does not want to wait. */
  readonly second: Promise<NodeJS.Signals>;
};

/** A terminal's Ctrl-C reaches a process through its parents as well: what comes so soon after is the same one. */
const echoMs = 500;

/**
 * Listens for the signals that end a process, until disposed.
 *
 * @param onHangUp - What SIGHUP does, where it does not end the process.
 */
export function untilTold(onHangUp?: () => void): Told {
  const first = Promise.withResolvers<NodeJS.Signals>();
  const second = Promise.withResolvers<NodeJS.Signals>();
  let toldAt: number | undefined;
  const listener = (signal: NodeJS.Signals) => {
    if (signal === "SIGHUP" && onHangUp !== undefined) {
      onHangUp();
    } else if (toldAt === undefined) {
      toldAt = performance.now();
      first.resolve(signal);
    } else if (performance.now() - toldAt > echoMs) {
      second.resolve(signal);
    }
  };
  for (const signal of signals) process.on(signal, listener);
  return {
    first: first.promise,
    second: second.promise,
    [Symbol.dispose]() {
      for (const signal of signals) process.off(signal, listener);
    },
  };
}
