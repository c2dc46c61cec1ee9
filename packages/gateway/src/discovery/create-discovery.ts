import type { Discoverable } from "../pool/pool.ts";

/** The options of {@link createDiscovery}. */
export type DiscoveryOptions = {
  /** Who is worth asking, just now. */
  readonly targets: () => readonly Discoverable[];
  /** What one of them serves; undefined when it did not say. Must not reject. */
  readonly ask: (target: Discoverable, signal: AbortSignal) => Promise<readonly string[] | undefined>;
  readonly tell: (upstreamId: string, models: readonly string[]) => void;
  /** How often everybody is asked. @default 600,000 */
  readonly intervalMs?: number;
  /** How many are asked at a time. @default 2 */
  readonly atOnce?: number;
};

/** Keeps knowing which models upstreams serve. */
export type Discovery = {
  /** Asks everybody, now and at every interval. */
  start(): void;
  /** Asks those that have never been asked: after a change of the list. Resolves when they have. */
  refresh(): Promise<void>;
  /** How often somebody did not say. */
  readonly failures: number;
  close(): void;
};

const toPlace = ({ upstream: { id, endpoint } }: Discoverable): string =>
  `${id} ${endpoint.origin}${endpoint.basePath}`;

/** Creates a discovery that has not asked anybody yet. It is in no hurry: an upstream that does not say is asked again with the others. */
export function createDiscovery(options: DiscoveryOptions): Discovery {
  const { targets, ask, tell, intervalMs = 600_000, atOnce = 2 } = options;
  const closing = new AbortController();
  let asked = new Set<string>();
  let failures = 0;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<unknown> = Promise.resolve();

  async function askOne(target: Discoverable): Promise<void> {
    asked.add(toPlace(target));
    const models = await ask(target, closing.signal);
    if (closing.signal.aborted) return;
    if (models === undefined) failures++;
    else tell(target.upstream.id, models);
  }

  async function askAll(choose: () => readonly Discoverable[]): Promise<void> {
    const left = [...choose()];
    const work = async (): Promise<void> => {
      for (let target = left.shift(); target !== undefined && !closing.signal.aborted; target = left.shift())
        await askOne(target);
    };
    await Promise.all(Array.from({ length: atOnce }, work));
  }

  /** One round after the other. */
  function enqueue(choose: () => readonly Discoverable[]): Promise<void> {
    const round = running.then(() => askAll(choose));
    running = round;
    return round;
  }

  function startRound(): void {
    void enqueue(() => {
      asked = new Set();
      return targets();
    });
  }

  return {
    start() {
      if (timer !== undefined || closing.signal.aborted) return;
      timer = setInterval(startRound, intervalMs).unref();
      startRound();
    },
    refresh: () => enqueue(() => targets().filter((target) => !asked.has(toPlace(target)))),
    get failures() {
      return failures;
    },
    close() {
      clearInterval(timer);
      closing.abort();
    },
  };
}
