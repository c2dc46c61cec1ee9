import { createPool, type PoolOptions } from "../../src/pool/create-pool.ts";
import type { Plan, Pool, Slot, SlotEnding } from "../../src/pool/pool.ts";
import { createProviderFinder } from "../../src/routing/provider-finder.ts";
import type { HealthChange, Upstream, UpstreamHealth } from "../../src/upstream.ts";

/** Clocks of upstreams in tests: no test of the pool lets one expire. */
const clocks = { connectMs: 1, firstByteMs: 2, wholeAnswerMs: 3, firstTokenMs: 4, idleMs: 5 };

/** A pool whose time stands still until the test moves it. */
export type PoolUnderTest = {
  readonly pool: Pool;
  readonly changes: HealthChange[];
  readonly wait: (ms: number) => void;
  readonly now: () => number;
  /** Makes the next choices of chance; afterwards it is always 0. */
  readonly chance: (...values: number[]) => void;
  readonly healthOf: (id: string) => UpstreamHealth;
};

/** An upstream that serves every model; its name is its id. */
export function upstreamOf(id: string, rest: Partial<Upstream> = {}): Upstream {
  return {
    id,
    name: id,
    endpoint: `https://${id}.test`,
    keys: [`sk-${id}-1111`],
    models: [],
    aliases: {},
    ...rest,
  };
}

/** Since when the wall clock of a pool under test runs, in milliseconds since 1970. */
export const wallStart = 1_760_000_000_000;

/** Opens a pool. Names alone stand for upstreams that serve every model. */
export function openPool(
  upstreams: readonly (string | Upstream)[],
  options: Partial<PoolOptions> = {},
): PoolUnderTest {
  let now = 1000;
  const chances: number[] = [];
  const changes: HealthChange[] = [];
  const pool = createPool({
    upstreams: upstreams.map((one) => (typeof one === "string" ? upstreamOf(one) : one)),
    providers: createProviderFinder([{ name: "p", prefixes: ["p-"], endpoint: "https://p.test" }]),
    clocks,
    now: () => now,
    wallClock: () => wallStart + now,
    random: () => chances.shift() ?? 0,
    onHealthChange: (change) => void changes.push(change),
    ...options,
  });
  return {
    pool,
    changes,
    wait: (ms) => void (now += ms),
    now: () => now,
    chance: (...values) => void chances.push(...values),
    healthOf(id) {
      const health = pool.health().find((one) => one.id === id);
      if (health === undefined) throw new Error(`there is no upstream ${id}`);
      return health;
    },
  };
}

/** A signal that nobody aborts. */
export const never = new AbortController().signal;

/** The next slot of a plan that does not have to wait for it. */
export function nextOf(plan: Plan): Slot | undefined {
  const slot = plan.next(never);
  if (slot instanceof Promise) throw new TypeError("the plan waits");
  return slot;
}

/** Sends one request, which ends as it is told to: at one upstream, or at several in turn. */
export function send(
  { pool }: Pick<PoolUnderTest, "pool">,
  endings: SlotEnding | ((slot: Slot) => SlotEnding) = { outcome: "done" },
  model = "m",
): string[] {
  const plan = pool.plan({ model });
  const asked: string[] = [];
  for (let slot = nextOf(plan); slot !== undefined; slot = nextOf(plan)) {
    asked.push(slot.upstream.id);
    const ending = typeof endings === "function" ? endings(slot) : endings;
    slot.end(ending);
    if (ending.outcome === "done") break;
  }
  return asked;
}

/** The order in which everybody is asked when all of them fail in a way that says nothing of their health. */
export function orderOf(under: Pick<PoolUnderTest, "pool">, model = "m"): string[] {
  return send(under, { outcome: "rejected" }, model);
}
