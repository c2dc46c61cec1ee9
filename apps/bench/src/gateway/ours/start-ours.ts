import type { Contender } from "../../rivals/contender.ts";
import { createAccount, type Account } from "./account.ts";
import { launchServer, type LaunchOptions } from "./launch-server.ts";

/** A server of ours that is measured. */
export type Ours = Contender & {
  readonly account: Account;
  /** How many records it could not write, and left out. */
  countShed(): Promise<number>;
};

/** What differs between servers of ours. */
export type Variant = {
  readonly name: string;
  /** Keys of the configuration. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** How many upstreams stand in its list; all of them are the same one. @default 2 */
  readonly upstreams?: number;
  /** What the caller sends: a key of ours without limits, one with all of them, or nothing. @default "key" */
  readonly caller?: "key" | "limited-key" | "nobody";
  /** Data that it goes on with. @default none */
  readonly dataFolder?: string;
};

/** With everything that an operator has: keys, failover, the scan of the answers, narrow records. */
export const plain: Variant = { name: "ours", config: { records: { bodies: "off" } } };

/** The same, with every answer's text in the database. */
export const recorded: Variant = { name: "ours, text recorded", config: { records: { bodies: "whole" } } };

/** The same as `plain` with a key that has limits and a budget, which is reserved in the database before each call. */
export const limited: Variant = {
  name: "ours, with a budget",
  // Where nobody knows what a model costs, no budget can be kept.
  config: { ...plain.config, prices: { "*": { input: 1, output: 2 } } },
  caller: "limited-key",
};

/** As little as can be switched on. */
export const open: Variant = {
  name: "ours, no key, no records",
  config: { noauth: true, records: { enabled: false } },
  caller: "nobody",
};

/** More than any run reaches, so that limits are counted and never met. */
const limits = {
  requestsPerMinute: 100_000_000,
  tokensPerMinute: 1_000_000_000,
  concurrentMax: 1_000_000,
  budget: { nanos: 1_000_000_000_000_000, window: "total" },
};

/** Starts a server of ours in front of an upstream. */
export async function startOurs(
  variant: Variant,
  upstreamPort: number,
  launch: LaunchOptions,
): Promise<Ours> {
  const { name, config, dataFolder, upstreams = 2, caller = "key" } = variant;
  await using cleanup = new AsyncDisposableStack();
  const server = cleanup.use(
    await launchServer({ dataFolder, config: { ...toConfig(upstreamPort, upstreams), ...config } }, launch),
  );
  const account = await createAccount(server.url);
  const headers: Record<string, string> = {};
  if (caller !== "nobody") {
    const key = await account.createKey(caller === "limited-key" ? limits : {});
    headers["authorization"] = `Bearer ${key}`;
  }
  const kept = cleanup.move();
  const { pid, port } = server;
  return {
    name,
    pid,
    port,
    headers,
    account,
    countShed: () => countShed(server.url),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** A sentence when a contender is one of ours and has left records out: then it did less than it was to do. */
export async function tellShed(contender: Contender): Promise<string[]> {
  const count = "countShed" in contender ? await (contender as Ours).countShed() : 0;
  return count === 0 ? [] : [`${contender.name}: ${count.toLocaleString("en")} records were left out`];
}

function toConfig(upstreamPort: number, upstreams: number) {
  return {
    upstreams: Array.from({ length: upstreams }, (_, index) => ({
      name: `upstream-${index}`,
      endpoint: `http://127.0.0.1:${upstreamPort}/${index}/v1`,
      sk: `sk-of-upstream-${index}`,
    })),
    auth: { argon2: { memory_kib: 19_456, time_cost: 2 } },
    // The limits of a single user out of the way.
    limits: { streams_per_user_max: 10_000, runs_per_user_max: 10_000 },
  };
}

async function countShed(url: string): Promise<number> {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  const lines = metrics.matchAll(/^llm_backend_records_shed_total\S* (\d+)/gm);
  return [...lines].reduce((sum, [, count]) => sum + Number(count), 0);
}
