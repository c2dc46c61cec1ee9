import type { ModelView, Usage, WireMessage } from "@llm-backend/contract";
import type { AttemptReport } from "./attempt/attempt-ports.ts";
import type { ForwardCall, ForwardOptions, ForwardResult } from "./forward/forward-ports.ts";
import type { HealthChange, Upstream, UpstreamHealth } from "./upstream.ts";

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
  /** What the answer has said already: it is gone on with, and only what comes behind it is told. */
  readonly spoken?: string;
  /** Further fields of the wire body (`temperature`, …). */
  readonly parameters?: Readonly<Record<string, unknown>>;
  /** The asker's own key: the request then goes to the provider that the model's name belongs to, and nowhere else. */
  readonly providerKey?: string;
};

/** A piece of an answer. Everything of one kind that one read of the socket brought is one piece. */
export type AnswerPart = { readonly type: "text-delta" | "reasoning-delta"; readonly text: string };

/** A call of a tool, as the model made it: nothing of it is checked. */
export type ToolCall = {
  /** The provider's id of it, where it gave one. */
  readonly id: string | undefined;
  readonly name: string;
  /** Meant to be JSON. */
  readonly arguments: string;
};

/** How a complete answer ended. */
export type ChatOutcome = {
  readonly finishReason: string;
  /** The model that really answered, in the upstream's words. */
  readonly model: string;
  /** The name of the upstream that answered. */
  readonly upstream: string;
  readonly usage: Usage | undefined;
  /** The tools that the model calls: those of the one attempt that was complete. */
  readonly toolCalls: readonly ToolCall[];
};

/** What `chat` needs beside the question. */
export type ChatOptions = {
  /** Closes the upstream's socket at once, in every phase. */
  readonly signal: AbortSignal;
  /** Called synchronously, once per read of the upstream's socket that brought content. Must not throw. */
  readonly onParts: (parts: readonly AnswerPart[]) => void;
  /**
   * The answer broke off and another candidate begins anew with a different text: what came so far is void. Without
   * this listener such an answer ends with an error.
   */
  readonly onReset?: () => void;
};

/** Learns of every attempt. Recording them is the server's business; a throwing observer is ignored. */
export type GatewayObserver = {
  readonly attemptEnded: (report: AttemptReport) => void;
  readonly healthChanged?: (change: HealthChange) => void;
};

/** What an upstream answers when it is looked at. */
export type ProbeReport = {
  readonly upstream: string;
  /** A connection could be made. */
  readonly isReachable: boolean;
  /** The key is accepted; undefined when that could not be told. */
  readonly isKeyAccepted: boolean | undefined;
  readonly models: readonly string[] | undefined;
  /** The model that was asked for a few words. */
  readonly model: string | undefined;
  readonly isStreaming: boolean | undefined;
  readonly firstTokenMs: number | undefined;
  /** What is wrong, in one sentence. */
  readonly problem: string | undefined;
};

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
  /**
   * Passes a call on to the first candidate that can answer it, and its answer to the sink, byte for byte. Never
   * rejects: what went wrong is in the result.
   */
  forward(call: ForwardCall, options: ForwardOptions): Promise<ForwardResult>;
  /** The models that callers can name, with the upstreams that serve them. */
  models(mayUse?: (upstreamId: string) => boolean): ModelView[];
  /** How every upstream is. */
  health(): UpstreamHealth[];
  /** Asks an upstream what it is and can: its models, and a few words with `model` or the first that it names. */
  probe(
    upstream: Upstream,
    options?: { readonly model?: string; readonly signal?: AbortSignal },
  ): Promise<ProbeReport>;
  /** Replaces the list of upstreams; requests under way finish where they are. */
  replaceUpstreams(upstreams: readonly Upstream[]): void;
  /** Closes every connection. */
  close(): Promise<void>;
};
