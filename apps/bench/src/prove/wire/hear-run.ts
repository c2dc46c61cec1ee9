import { silence, type Heard, type HeardEnd } from "./heard.ts";

/** An event of a run, as far as a reader adds it up. */
export type ToldEvent = {
  readonly type: string;
  readonly text?: string;
  readonly message?: string;
};

const ends: Readonly<Record<string, HeardEnd>> = {
  "run-done": "done",
  "run-interrupt": "interrupted",
  "run-stop": "failed",
  "run-error": "failed",
};

/** Adds up the events of a run, each with its id. */
export function hearRun(told: readonly { readonly id: string; readonly event: ToldEvent }[]): Heard {
  let { text, isReset, end, endings, reason } = silence;
  for (const { event } of told) {
    if (event.type === "text-delta") text += event.text ?? "";
    else if (event.type === "answer-reset") {
      text = "";
      isReset = true;
    } else if (ends[event.type] !== undefined) {
      end = ends[event.type];
      endings++;
      reason = event.message ?? "";
    }
  }
  const lastEventId = told.at(-1)?.id;
  return { ...silence, runId: toRunId(lastEventId), lastEventId, text, isReset, end, endings, reason };
}

/** The run that an event's id names. */
export function toRunId(eventId: string | undefined): string | undefined {
  return eventId?.slice(0, eventId.indexOf(":"));
}
