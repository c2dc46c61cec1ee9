import type { TerminalEvent, WireMessage } from "@llm-backend/contract";
import { toDone, toEnding, type ExecuteRunDeps } from "../chat/execute-run.ts";
import type { LiveRun } from "../chat/live-run.ts";
import { estimateQuestionTokens } from "../chat/token-estimate.ts";
import type { TemporaryRuns } from "./temporary-runs.ts";

/** What answering without storing stands on. */
export type ExecuteTemporaryDeps = Pick<
  ExecuteRunDeps,
  "gateway" | "settings" | "onEnded" | "onInternalError"
> & { readonly temporary: TemporaryRuns };

/** Drives an answer that is stored nowhere to its end. Never rejects. */
export async function executeTemporary(
  deps: ExecuteTemporaryDeps,
  live: LiveRun,
  messages: readonly WireMessage[],
): Promise<void> {
  const expiry = setTimeout(() => live.end("expire"), deps.settings.runMsMax);
  let ending: TerminalEvent;
  try {
    live.signal.throwIfAborted();
    live.noteAsked(estimateQuestionTokens(messages));
    const outcome = await deps.gateway.chat(
      { id: live.run.id, model: live.run.model, messages },
      {
        signal: live.signal,
        onParts(parts) {
          for (const part of parts) live.append(part);
        },
        onReset: () => live.append({ type: "answer-reset" }),
      },
    );
    ending = toDone(outcome);
  } catch (error) {
    ending = toEnding(live, error);
    if (ending.type === "run-error" && ending.code === "internal") deps.onInternalError(error);
  } finally {
    clearTimeout(expiry);
  }
  deps.temporary.end(live, ending);
  live.log.append(ending);
  live.finish();
  deps.onEnded?.(live, ending);
}
