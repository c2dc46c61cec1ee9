/** A promise that is settled from outside. */
export type Deferred<TValue> = {
  readonly promise: Promise<TValue>;
  resolve(value: TValue): void;
  reject(error: unknown): void;
};

/** Creates one; a failure that nobody waits for ends no process. (`Promise.withResolvers` is too new for Node 20.) */
export function createDeferred<TValue>(): Deferred<TValue> {
  let resolve: Deferred<TValue>["resolve"] = () => {};
  let reject: Deferred<TValue>["reject"] = () => {};
  const promise = new Promise<TValue>((onValue, onError) => {
    resolve = onValue;
    reject = onError;
  });
  promise.catch(() => undefined);
  return { promise, resolve, reject };
}
