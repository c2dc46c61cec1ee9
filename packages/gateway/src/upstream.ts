/** How long an attempt may take to reach each of its stages, in milliseconds. Each clock ends the attempt by itself. */
export type Clocks = {
  /** From the start of the attempt to a connected socket. */
  readonly connectMs: number;
  /** From the connected socket to the end of the head of a streamed answer. */
  readonly firstByteMs: number;
  /** The same for an answer that comes in one piece: its head comes when the answer is complete. */
  readonly wholeAnswerMs: number;
  /** From the head to the first piece of text or reasoning. */
  readonly firstTokenMs: number;
  /** Between two reads of the body, once content has come. */
  readonly idleMs: number;
};

/** In which order the upstreams that serve a model are asked. "Available" is one that has not failed lately. */
export type BalancePolicy =
  /** As listed. */
  | "order"
  /** Fewest failures first, among equals most successes. */
  | "main"
  | "random"
  | "random_available"
  | "round_robin"
  | "round_robin_available"
  /** At random, in proportion to their weights. */
  | "weighted"
  /** Least time to first token, as a moving average. */
  | "least_latency"
  /** The better of two chosen at random, by load and latency. */
  | "p2c";

/** What happens when a stream breaks off after some of the answer has been passed on. */
export type MidstreamPolicy =
  /** The answer ends with an error. */
  | "off"
  /** The next candidate is asked anew; what repeats the text already sent is swallowed, a difference ends with an error. */
  | "exact"
  /** The next candidate is asked to go on after the text already sent, where it takes that; else as `exact`. */
  | "continue";

/**
 * How an upstream is told to go on with an assistant's message instead of answering it: `plain`, by its being the last
 * one; `prefix`, by that flag on it (DeepSeek, Mistral); `partial`, by that flag (Moonshot, Qwen); `final_message`, by
 * flags beside the messages (vLLM, SGLang).
 */
export type PrefillDialect = "plain" | "prefix" | "partial" | "final_message";

/** One place that answers requests: a base URL, its keys, and what it serves. */
export type Upstream = {
  readonly id: string;
  readonly name: string;
  /** Base URL, with or without `/v1` at its end; `readEndpoint` has the rule. */
  readonly endpoint: string;
  /** Its keys; each has a health of its own. Empty: requests carry none. */
  readonly keys: readonly string[];
  /** The caller's own `Authorization` is passed on in place of a key. @default false */
  readonly passAuthorization?: boolean;
  /** The models it serves; `*` stands for any run of characters. Empty: every model. */
  readonly models: readonly string[];
  /** The models that it does not serve although `models` says so. */
  readonly deny?: readonly string[];
  /** What callers may call a model → what this upstream calls it. */
  readonly aliases: Readonly<Record<string, string>>;
  readonly clocks?: Partial<Clocks>;
  /** Clocks of single models: a pattern of the upstream's model names → what differs; the first that fits. */
  readonly modelClocks?: Readonly<Record<string, Partial<Clocks>>>;
  /** Its share under `weighted`. @default 1 */
  readonly weight?: number;
  /** Upstreams of a higher tier are asked only when none of a lower one can be. @default 0 */
  readonly tier?: number;
  /** The most requests at a time. @default unbounded */
  readonly concurrencyMax?: number;
  /** The most requests that wait for one of those places. @default 0 */
  readonly queueMax?: number;
  /** @default "exact" */
  readonly midstream?: MidstreamPolicy;
  /**
   * How it is asked to go on with an answer, under `continue` and when a chat goes on behind what was said; there it says
   * that the upstream takes this at all. @default by its host, else "plain" where it is tried
   */
  readonly prefill?: PrefillDialect;
  /** All headers of the caller are passed on, but for hop-by-hop ones and credentials. @default false */
  readonly keepHeaders?: boolean;
  /** Its `/models` says what it serves, beside `models`. @default false */
  readonly discover?: boolean;
  /** What earlier processes have seen of it, for `main`. */
  readonly tally?: UpstreamTally;
};

/** How often an upstream answered and failed. Times are milliseconds since 1970. */
export type UpstreamTally = {
  readonly successes: number;
  readonly failures: number;
  readonly lastSuccessAt: number | undefined;
  readonly lastFailureAt: number | undefined;
};

/** Whether requests go to an upstream: all, none for a while, or one to see how it is. */
export type BreakerState = "closed" | "open" | "half_open";

/** How one key of an upstream is: in use, resting after a 429, without quota, or refused by the provider. */
export type KeyHealth = {
  readonly last4: string | undefined;
  readonly state: "ok" | "cooling" | "quota" | "rejected" | "open";
  /** When it is tried again, in milliseconds since 1970. */
  readonly until: number | undefined;
};

/** How one upstream is just now. */
export type UpstreamHealth = UpstreamTally & {
  readonly id: string;
  readonly name: string;
  readonly breaker: BreakerState;
  /** When an open breaker lets the next request through, in milliseconds since 1970. */
  readonly openUntil: number | undefined;
  readonly keys: readonly KeyHealth[];
  readonly inFlight: number;
  readonly waiting: number;
  /** Moving average of the time to first token, in milliseconds. */
  readonly firstTokenMs: number | undefined;
  /** The last failure in words, free of keys. */
  readonly lastFailure: string | undefined;
};

/** An upstream or one of its keys was taken out or came back. */
export type HealthChange = {
  readonly upstream: string;
  readonly upstreamId: string;
  /** The key's last four characters; undefined when the whole upstream is meant. */
  readonly keyLast4: string | undefined;
  readonly from: BreakerState | KeyHealth["state"];
  readonly to: BreakerState | KeyHealth["state"];
  readonly reason: string;
};
