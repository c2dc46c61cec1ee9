import type { Usage, WireMessage, ModelView } from "@llm-backend/contract";

/** How long an attempt may take to reach each of its stages, in milliseconds. Each clock ends the attempt by itself. */
export type Clocks = {
  /** From the start of the attempt to a connected socket. */
  readonly connectMs: number;
  /** From the connected socket to the end of the answer's head. */
  readonly firstByteMs: number;
  /** From the head to the first piece of text or reasoning. */
  readonly firstTokenMs: number;
  /** Between two reads of the body, once content has come. */
  readonly idleMs: number;
};

/** One place that answers requests: a base URL, a key, and what it serves. */
export type Upstream = {
  readonly id: string;
  readonly name: string;
  /** Base URL, with or without `/v1` at its end; `readEndpoint` has the rule. */
  readonly endpoint: string;
  readonly key: string | undefined;
  /** The models it serves; `*` stands for any run of characters. Empty: every model. */
  readonly models: readonly string[];
  /** What callers may call a model → what this upstream calls it. */
  readonly aliases: Readonly<Record<string, string>>;
  readonly clocks?: Partial<Clocks>;
};

/** A public provider: the models that belong to it by their name, and its OpenAI-compatible base URL. */
export type Provider = {
  readonly name: string;
  /**
   * A model belongs to the provider with the longest prefix that its name begins with, in either case of letters.
   * Empty for a provider that resells the models of others: only its own upstream entry reaches it.
   */
  readonly prefixes: readonly string[];
  readonly endpoint: string;
  /** The names under which its key customarily stands in the environment. */
  readonly keyVariables?: readonly string[];
};

/** One question to a model. */
export type ChatRequest = {
  /** Names the request in reports: the run's id. */
  readonly id: string;
  readonly model: string;
  readonly messages: readonly WireMessage[];
  /** Further fields of the wire body (`temperature`, …). */
  readonly parameters?: Readonly<Record<string, unknown>>;
  /** The asker's own key: the request then goes to the provider that the model's name belongs to, and nowhere else. */
  readonly providerKey?: string;
};

/** A piece of an answer. Everything of one kind that one read of the socket brought is one piece. */
export type AnswerPart = { readonly type: "text-delta" | "reasoning-delta"; readonly text: string };

/** How a complete answer ended. */
export type ChatOutcome = {
  readonly finishReason: string;
  /** The model that really answered, in the upstream's words. */
  readonly model: string;
  /** The name of the upstream that answered. */
  readonly upstream: string;
  readonly usage: Usage | undefined;
};

/** What `chat` needs beside the question. */
export type ChatOptions = {
  /** Closes the upstream's socket at once, in every phase. */
  readonly signal: AbortSignal;
  /** Called synchronously, once per read of the upstream's socket that brought content. Must not throw. */
  readonly onParts: (parts: readonly AnswerPart[]) => void;
};

/** Why an attempt ended, in the words of metrics and records. */
export type AttemptOutcome =
  | "done"
  | "cancelled"
  | "connect_failed"
  | "connect_timeout"
  | "first_byte_timeout"
  | "first_token_timeout"
  | "idle_timeout"
  | "reset"
  | "truncated"
  | "rejected"
  | "auth"
  | "rate_limited"
  | "quota"
  | "overloaded"
  | "server_error"
  | "protocol_error"
  | "error_in_stream"
  | "too_large";

/** One attempt at one upstream, as it is told to the observer when it has ended. Times are milliseconds since its start. */
export type AttemptReport = {
  readonly requestId: string;
  readonly upstream: string;
  /** The last four characters of the key that was used. */
  readonly keyLast4: string | undefined;
  readonly model: string;
  readonly outcome: AttemptOutcome;
  readonly status: number | undefined;
  /** The failure in words, free of keys; for logs. */
  readonly message: string | undefined;
  readonly connectMs: number | undefined;
  readonly firstByteMs: number | undefined;
  readonly firstTokenMs: number | undefined;
  readonly totalMs: number;
  /** Stream frames that were no JSON. One that was meant as an object loses text and ends the attempt; others are skipped. */
  readonly framesMalformed: number;
  readonly usage: Usage | undefined;
};

/** Learns of every attempt. Recording them is the server's business; a throwing observer is ignored. */
export type GatewayObserver = { readonly attemptEnded: (report: AttemptReport) => void };

/** The pool of upstreams, seen from the services. */
export type Gateway = {
  /**
   * Asks the candidates for the model in turn, until one begins to answer, and passes its answer on.
   *
   * Resolves only for a complete answer: one with a finish reason, or a documented clean end.
   *
   * @throws DomainError `model_not_found` when no upstream serves the model; `cancelled` after an abort;
   *   `context_too_long`, `upstream_rejected` for what the asker has to change; `upstream_auth`,
   *   `upstream_rate_limited`, `upstream_timeout`, `upstream_unavailable` when every candidate failed;
   *   `answer_truncated` or `upstream_timeout` when the answer broke off after content had been passed on.
   */
  chat(request: ChatRequest, options: ChatOptions): Promise<ChatOutcome>;
  /** The models that callers can name, with the upstreams that serve them. */
  models(): ModelView[];
  /** Replaces the list of upstreams; requests under way finish where they are. */
  replaceUpstreams(upstreams: readonly Upstream[]): void;
  /** Closes every connection. */
  close(): Promise<void>;
};
