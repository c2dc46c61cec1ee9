import type { RunEvent } from "@llm-backend/contract";
import type { RunSegment } from "@llm-backend/storage";
import { createRunLog, isDelta, type AnswerText, type RunLog } from "./run-log.ts";

/**
 * The log of an ended run as it is stored beside its message. Deltas stand there by their lengths only, because the
 * message has the text: `{ t: 12 }` for text, `{ r: 12 }` for reasoning, `{ skip: 12 }` for units whose text is void.
 * `{ lost: n }` stands for what a follower may have seen and a crash took before it was stored.
 */
type StoredEntry = RunEvent | { t: number } | { r: number } | { skip: number } | { lost: number };

/**
 * More than any answer has units: a follower that saw text which was lost stands within this gap, never behind it.
 */
const lostUnits = 2 ** 32;

/** A log read from storage, and the range of positions whose text is lost. */
export type LoadedLog = {
  readonly log: RunLog;
  /** A follower that stands in here, behind the first and before the second, has seen text that is not stored. */
  readonly lost: readonly [number, number] | undefined;
};

/** Writes the events of a run for storage. */
export function toStoredLog(events: readonly RunEvent[]): string {
  return JSON.stringify(toStoredEntries(events));
}

/** Writes the events of a run that a crash ended: followers may have seen more than the journal holds. */
export function toStoredLogWithLoss(events: readonly RunEvent[], ending: RunEvent): string {
  return JSON.stringify([...toStoredEntries(events), { lost: lostUnits }, ending]);
}

/** Reads a stored log; the text comes out of the message. */
export function readStoredLog(stored: string, answer: AnswerText): LoadedLog {
  const log = createRunLog();
  const taken = { content: 0, reasoning: 0 };
  let lost: LoadedLog["lost"];
  for (const entry of JSON.parse(stored) as StoredEntry[]) {
    if ("t" in entry) {
      log.append({
        type: "text-delta",
        text: answer.content.slice(taken.content, (taken.content += entry.t)),
      });
    } else if ("r" in entry) {
      const text = answer.reasoning.slice(taken.reasoning, (taken.reasoning += entry.r));
      log.append({ type: "reasoning-delta", text });
    } else if ("skip" in entry) {
      log.skipTo(log.end + entry.skip);
    } else if ("lost" in entry) {
      lost = [log.end, log.end + entry.lost];
      log.skipTo(lost[1]);
    } else {
      log.append(entry);
    }
  }
  log.close();
  return { log, lost };
}

/** Reads the journal of a run that did not end. */
export function readSegments(segments: readonly RunSegment[]): RunLog {
  const log = createRunLog();
  for (const segment of segments) {
    // A hole would give what follows it wrong positions; what came before it is sound.
    if (segment.start !== log.end) break;
    for (const event of JSON.parse(segment.events) as RunEvent[]) log.append(event);
  }
  return log;
}

function toStoredEntries(events: readonly RunEvent[]): StoredEntry[] {
  const lastReset = events.findLastIndex((event) => event.type === "answer-reset");
  return events.map((event, index) => {
    if (!isDelta(event)) return event;
    const units = event.text.length;
    if (index < lastReset) return { skip: units };
    return event.type === "text-delta" ? { t: units } : { r: units };
  });
}
