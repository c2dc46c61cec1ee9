/**
 * Waits for an answer, but no longer than `ms`. An answer that has arrived while the event loop was busy is no late
 * answer: before one is given up, the loop reads what lies in its sockets.
 *
 * @throws Error `Command timed out`
 */
export function within<T>(ms: number, answer: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  let look: NodeJS.Immediate | undefined;
  const timer = setTimeout(() => {
    // Sockets are read between a timer and the second immediate behind it.
    look = setImmediate(() => {
      look = setImmediate(() => reject(new Error("Command timed out")));
    });
  }, ms);
  return Promise.race([answer, late]).finally(() => {
    clearTimeout(timer);
    if (look !== undefined) clearImmediate(look);
  });
}
