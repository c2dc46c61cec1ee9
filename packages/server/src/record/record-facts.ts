import type { TerminalEvent, Usage, UsageSource } from "@llm-backend/contract";
import type { AttemptReport, ForwardCall, ForwardRequest, ForwardResult } from "@llm-backend/gateway";
import type { Run } from "@llm-backend/storage";

/** What was used up, and what it cost, as it was settled. */
export type RecordedCharge = {
  readonly usage: Usage;
  readonly usageSource: UsageSource;
  /** Undefined where no price is known. */
  readonly costNanos: number | undefined;
};

/** Everything that is known of a call under /v1 when it is over. */
export type ForwardFacts = {
  readonly request: ForwardRequest;
  /** Undefined where it was refused before its body was read. */
  readonly call: Pick<ForwardCall, "model" | "kind" | "isStreamed"> | undefined;
  readonly clientIp: string;
  /** When it came, in milliseconds since 1970. */
  readonly at: number;
  /** Undefined where it was refused before it was known whose it is. */
  readonly access:
    | { readonly keyId: string | null; readonly keyName: string | null; readonly userId: number | null }
    | undefined;
  /** Undefined where nothing was admitted. */
  readonly charge: RecordedCharge | undefined;
  readonly result: ForwardResult;
  /** For calls of voice engines: what they sent beside OpenAI's fields, as JSON. */
  readonly voice?: string | undefined;
};

/** Everything that is known of an answer of a conversation when it has ended. */
export type RunFacts = {
  readonly run: Run;
  readonly ending: TerminalEvent;
  /** When it ended, in milliseconds since 1970. */
  readonly endedAt: number;
  /** Milliseconds from its start to its first piece. */
  readonly firstByteMs: number | undefined;
  readonly attempts: readonly AttemptReport[];
  readonly charge: RecordedCharge | undefined;
};
