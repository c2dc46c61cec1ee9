import { DomainError, type AllowToolInput, type ToolDecision } from "@llm-backend/contract";

/** What a user said to a call, or that nobody said anything in time. */
export type AskAnswer = ToolDecision | "expired";

/** One call that waits for its user. */
export type ToolAsk = {
  readonly runId: string;
  readonly callId: string;
  readonly userId: number;
  readonly tool: string;
};

/** The calls of this process that wait for their users. */
export type ToolAsks = {
  /** Waits for the user's word. @throws the signal's reason, once it is aborted. */
  wait(ask: ToolAsk, options: { readonly waitMs: number; readonly signal: AbortSignal }): Promise<AskAnswer>;
  /** The call that a word is for. @throws DomainError `conflict` as `decide` does. */
  get(input: AllowToolInput): ToolAsk;
  /**
   * Tells a call what its user said, and, where that holds from now on, all others of the same tool that wait for the
   * same user. The same word again changes nothing.
   *
   * @throws DomainError `conflict` for a call that does not wait, or was told something else.
   */
  decide(input: AllowToolInput): void;
  /** Forgets what was said to the calls of a run. */
  forget(runId: string): void;
};

type Waiting = ToolAsk & { readonly answer: (answer: AskAnswer) => void };

const toKey = ({ runId, callId }: Pick<ToolAsk, "runId" | "callId">) => `${runId}:${callId}`;

/** Creates the book of calls that wait. */
export function createToolAsks(): ToolAsks {
  const waiting = new Map<string, Waiting>();
  /** By run: what was said to which call, so that a repeated word finds itself. */
  const decided = new Map<string, Map<string, { ask: ToolAsk; decision: ToolDecision }>>();

  function settle(ask: Waiting, decision: ToolDecision): void {
    const ofRun = decided.get(ask.runId) ?? new Map();
    decided.set(ask.runId, ofRun.set(ask.callId, { ask, decision }));
    ask.answer(decision);
  }

  /** The call that was told the same before. */
  function findDecided({ runId, callId, decision }: AllowToolInput): ToolAsk | undefined {
    const known = decided.get(runId)?.get(callId);
    if (known !== undefined && known.decision !== decision) throw notWaiting();
    return known?.ask;
  }

  return {
    wait(ask, { waitMs, signal }) {
      const { promise, resolve, reject } = Promise.withResolvers<AskAnswer>();
      const timer = setTimeout(() => resolve("expired"), waitMs);
      const abort = () => reject(signal.reason);
      signal.addEventListener("abort", abort, { once: true });
      if (signal.aborted) abort();
      else waiting.set(toKey(ask), { ...ask, answer: resolve });
      return promise.finally(() => {
        clearTimeout(timer);
        signal.removeEventListener("abort", abort);
        waiting.delete(toKey(ask));
      });
    },
    get(input) {
      const ask = findDecided(input) ?? waiting.get(toKey(input));
      if (ask === undefined) throw notWaiting();
      return ask;
    },
    decide(input) {
      if (findDecided(input) !== undefined) return;
      const ask = waiting.get(toKey(input));
      if (ask === undefined) throw notWaiting();
      settle(ask, input.decision);
      if (input.decision === "always" || input.decision === "never") {
        for (const other of waiting.values()) {
          if (other !== ask && other.userId === ask.userId && other.tool === ask.tool)
            settle(other, input.decision);
        }
      }
    },
    forget: (runId) => void decided.delete(runId),
  };
}

function notWaiting(): DomainError {
  return new DomainError("conflict", "This call does not wait for a word of yours.");
}
