import type { TerminalEvent, Usage } from "@llm-backend/contract";
import type { AttemptReport } from "@llm-backend/gateway";
import type { AttemptCollector } from "../record/attempt-collector.ts";
import type { RecordService } from "../record/record-service.ts";
import { addUsage } from "../tool/add-usage.ts";
import { findGivenUp } from "../usage/given-up.ts";
import type { LedgerService } from "../usage/ledger-service.ts";
import type { LiveRun } from "./live-run.ts";
import { readEvents, toAnswerText } from "./run-log.ts";
import { estimateTokens } from "./token-estimate.ts";

/** Where what a run has used is written down. */
export type RunBooks = {
  readonly attempts: AttemptCollector;
  readonly records: Pick<RecordService, "addRun">;
  readonly ledger: Pick<LedgerService, "settleRun">;
  readonly now: () => number;
  readonly onInternalError: (error: unknown) => void;
};

/** Creates what writes an ended run into the ledger and the records. It never throws: the answer is there already. */
export function createRunBooks(books: RunBooks) {
  return (live: LiveRun, ending: TerminalEvent): void => {
    try {
      enter(books, live, ending);
    } catch (error) {
      books.onInternalError(error);
    }
  };
}

function enter(books: RunBooks, live: LiveRun, ending: TerminalEvent): void {
  const { run } = live;
  const attempts = books.attempts.take(run.id);
  const answered =
    attempts.findLast(({ firstTokenMs }) => firstTokenMs !== undefined) ?? findGivenUp(attempts);
  const usage = ending.type === "run-done" ? ending.usage : undefined;
  const charge =
    answered === undefined
      ? undefined
      : books.ledger.settleRun({
          runId: run.id,
          userId: run.userId,
          modelAsked: run.model,
          model: ending.type === "run-done" ? ending.model : answered.model,
          upstream: answered.upstream,
          usage,
          ...(usage === undefined && { counted: countRun(live, attempts) }),
        });
  const endedAt = books.now();
  books.records.addRun({ run, ending, endedAt, firstByteMs: toFirstByteMs(attempts), attempts, charge });
}

/** What a run used that did not come to its end: rounds that did have told, the one that broke off is counted. */
function countRun(live: LiveRun, attempts: readonly AttemptReport[]): Usage {
  const reported = attempts
    .filter(({ outcome }) => outcome === "done")
    .reduce<Usage | undefined>((sum, { usage }) => addUsage(sum, usage), undefined);
  if (reported === undefined) return countTokens(live);
  if (attempts.at(-1)?.outcome === "done") return reported;
  const events = readEvents(live.log);
  const { content, reasoning } = toAnswerText(
    events.slice(events.findLastIndex(({ type }) => type === "tool-result") + 1),
  );
  return addUsage(reported, toCounted(live, content + reasoning)) ?? reported;
}

/** What was asked and said, by our own count. */
function countTokens(live: LiveRun): Usage {
  const { log, repeated } = live;
  const { content, reasoning } = toAnswerText(readEvents(log));
  const own = content.slice(repeated.content.length) + reasoning.slice(repeated.reasoning.length);
  return toCounted(live, own);
}

function toCounted({ promptTokens }: LiveRun, said: string): Usage {
  const completionTokens = estimateTokens(said);
  return promptTokens === undefined ? { completionTokens } : { promptTokens, completionTokens };
}

/** From the start of the first attempt to the first piece of the answer; pauses between attempts are not in it. */
function toFirstByteMs(attempts: readonly AttemptReport[]): number | undefined {
  let ms = 0;
  for (const { firstTokenMs, totalMs } of attempts) {
    if (firstTokenMs !== undefined) return ms + firstTokenMs;
    ms += totalMs;
  }
  return undefined;
}
