/**
 * Calls `leave` as soon as the generator is returned, and before that return is carried out. By itself a generator
 * that waits for something queues its return behind an item that may never come; `leave` ends the waiting.
 */
export function onReturn<TItem>(
  generator: AsyncGenerator<TItem, void>,
  leave: () => void,
): AsyncGenerator<TItem, void> {
  const carryOut = generator.return.bind(generator);
  generator.return = (value) => {
    leave();
    return carryOut(value);
  };
  return generator;
}
