import { setTimeout as delay } from "node:timers/promises";
import { DomainError, type RunState, type TerminalEvent } from "@llm-backend/contract";
import type { Storage } from "@llm-backend/storage";
import { readCitations } from "./citations.ts";
import type { LiveRun } from "./live-run.ts";
import { readEvents, toAnswerText } from "./run-log.ts";
import { toStoredLog } from "./stored-log.ts";

/** The state that a terminal event leaves its run in. */
export const endStates = {
  "run-done": "done",
  "run-stop": "stopped",
  "run-interrupt": "interrupted",
  "run-error": "failed",
} as const satisfies Record<TerminalEvent["type"], RunState>;

/** How long to wait before each further try: a full disk or a locked file may pass. */
const retryDelaysMs = [50, 250, 1000, 3000];

/** What storing stands on. */
export type SaveRunDeps = { readonly storage: Storage; readonly now: () => number };

/**
 * Stores the end of a run: answer, state and log in one transaction, in place of its journal. A run whose conversation
 * was deleted meanwhile leaves nothing behind.
 *
 * @throws DomainError `internal` when the database took it in none of several tries; the journal then stands.
 */
export async function saveRun(deps: SaveRunDeps, live: LiveRun, ending: TerminalEvent): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      return await writeEnding(deps, live, ending);
    } catch (cause) {
      const wait = retryDelaysMs[tries];
      if (wait === undefined) throw new DomainError("internal", "The answer could not be stored.", { cause });
      await delay(wait);
    }
  }
}

async function writeEnding(deps: SaveRunDeps, live: LiveRun, ending: TerminalEvent): Promise<void> {
  const { run } = live;
  const events = readEvents(live.log);
  const answer = toAnswerText(events);
  const model = ending.type === "run-done" ? ending.model : run.model;
  await deps.storage.transaction(async (tx) => {
    const isFirst = await tx.runs.end(run.id, {
      state: endStates[ending.type],
      model,
      errorCode: ending.type === "run-error" ? ending.code : null,
      errorMessage: ending.type === "run-error" ? ending.message : null,
      // The ending is told only after it is stored, so the live log does not have it yet.
      log: toStoredLog([...events, ending]),
      endedAt: deps.now(),
    });
    if (!isFirst) return;
    await tx.runs.deleteSegments(run.id);
    await tx.messages.updateAnswer(run.assistantMessageId, {
      content: answer.content,
      reasoning: answer.reasoning === "" ? null : answer.reasoning,
      model,
      finishReason: ending.type === "run-done" ? ending.finishReason : null,
      usage: ending.type === "run-done" ? (ending.usage ?? null) : null,
      citations: readCitations(events),
    });
  });
}
