import type { Attempt, AttemptLimits } from "../attempt/attempt.ts";
import type { Connections } from "../attempt/connections.ts";
import type { Pool } from "../pool/pool.ts";
import type { GatewayObserver } from "../ports.ts";
import type { MidstreamPolicy } from "../upstream.ts";
import type { Quirks } from "./quirks.ts";

/** What every question is asked with; one for the life of a gateway. */
export type GatewayContext = {
  readonly connections: Connections;
  readonly pool: Pool;
  readonly limits: AttemptLimits;
  readonly observer: GatewayObserver | undefined;
  /** The attempts under way. */
  readonly running: Set<Attempt>;
  readonly quirks: Quirks;
  /** The models that stand in for one that cannot answer, by its name. */
  readonly fallbacks: Readonly<Record<string, readonly string[]>>;
  /** How long candidates are looked for, from the first attempt on. */
  readonly deadlineMs: number;
  /** For upstreams that say nothing of it. */
  readonly midstream: MidstreamPolicy;
};
