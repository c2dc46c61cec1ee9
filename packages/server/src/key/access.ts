import type { Budget } from "@llm-backend/contract";

/** What a key may use up. `null`: as much as it likes. */
export type KeyLimits = {
  readonly requestsPerMinute: number | null;
  readonly tokensPerMinute: number | null;
  readonly concurrentMax: number | null;
  readonly budget: Budget | null;
};

/** What a caller under `/v1` may do. */
export type Access = {
  /** A key of ours, a static token of the configuration, or nobody. */
  readonly kind: "key" | "token" | "open";
  readonly keyId: string | null;
  readonly keyName: string | null;
  readonly userId: number | null;
  /** Only keys have limits. */
  readonly limits: KeyLimits | null;
  readonly mayUse: (upstreamId: string) => boolean;
  readonly mayAsk: (model: string) => boolean;
};
