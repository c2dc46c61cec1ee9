import type { RunEvent } from "@llm-backend/contract";
import type { Run, RunSegment, Storage } from "@llm-backend/storage";
import { readCitations } from "./citations.ts";
import { readContinued, toDeltas } from "./continued-text.ts";
import { isDelta, readEvents, toAnswerText, toRunStart } from "./run-log.ts";
import { endStates } from "./save-run.ts";
import { readSegments, toStoredLogWithLoss } from "./stored-log.ts";

/** What ending the runs of others stands on. */
export type InterruptDeps = { readonly storage: Storage; readonly now: () => number };

const pageSize = 100;

/**
 * Ends the runs that processes which are gone left behind, with the text that they had stored.
 *
 * @param livingOwners - The processes that still drive their runs.
 * @returns how many there were.
 */
export async function interruptRuns(deps: InterruptDeps, livingOwners: readonly string[]): Promise<number> {
  let count = 0;
  for (;;) {
    const orphans = await deps.storage.runs.listOrphaned(livingOwners, { limit: pageSize });
    if (orphans.length === 0) return count;
    for (const run of orphans) await interrupt(deps, run);
    count += orphans.length;
  }
}

async function interrupt({ storage, now }: InterruptDeps, run: Run): Promise<void> {
  const ending = { type: "run-interrupt" } as const;
  await storage.transaction(async (tx) => {
    const journal = readJournal(run, await tx.runs.listSegments(run.id));
    // A run that goes on with another answer has said that one's text, whether or not it was written down.
    const continued = journal.some(isDelta) ? [] : toDeltas(await readContinued(tx, run));
    const events = [...journal, ...continued];
    const answer = toAnswerText(events);
    const isFirst = await tx.runs.end(run.id, {
      state: endStates[ending.type],
      model: run.model,
      errorCode: null,
      errorMessage: null,
      log: toStoredLogWithLoss(events, ending),
      endedAt: now(),
    });
    // Its owner was not quite gone, and has ended it itself.
    if (!isFirst) return;
    await tx.runs.deleteSegments(run.id);
    await tx.messages.updateAnswer(run.assistantMessageId, {
      content: answer.content,
      reasoning: answer.reasoning === "" ? null : answer.reasoning,
      model: run.model,
      finishReason: null,
      usage: null,
      citations: readCitations(events),
    });
  });
}

/** The events in a journal; a run that was ended before its first write has begun all the same. */
export function readJournal(run: Run, segments: readonly RunSegment[]): RunEvent[] {
  const events = readEvents(readSegments(segments));
  return events.length > 0 ? events : [toRunStart(run)];
}
