import type { RunEvent } from "@llm-backend/contract";
import type { Run } from "@llm-backend/storage";
import { ReplayLog, splitText, type LogShape } from "@llm-backend/stream";

/** The log of a run: what its followers read. A delta has as many units as characters, any other event has one. */
export type RunLog = ReplayLog<RunEvent>;

/** The text that the deltas of a run add up to. */
export type AnswerText = { readonly content: string; readonly reasoning: string };

const shape: LogShape<RunEvent> = {
  units: (event) => (isDelta(event) ? event.text.length : 1),
  joins: (first, second) => isDelta(first) && first.type === second.type,
  join(events) {
    const [{ type }] = events;
    // Text that is put together piece by piece is kept in its pieces, at ten times its size.
    return {
      type: type as DeltaEvent["type"],
      text: events.map((event) => (event as DeltaEvent).text).join(""),
    };
  },
  split(event, units) {
    if (!isDelta(event)) throw new RangeError("Only text can be cut.");
    const [head, tail] = splitText(event.text, units);
    return [
      { type: event.type, text: head },
      { type: event.type, text: tail },
    ];
  },
};

/** An event that carries text. */
export type DeltaEvent = Extract<RunEvent, { type: "text-delta" | "reasoning-delta" }>;

/** Tells text from all other events. */
export function isDelta(event: RunEvent): event is DeltaEvent {
  return event.type === "text-delta" || event.type === "reasoning-delta";
}

/** Creates an empty log. */
export function createRunLog(): RunLog {
  return new ReplayLog(shape);
}

/** The event that every log begins with. */
export function toRunStart(run: Run): RunEvent {
  return {
    type: "run-start",
    runId: run.id,
    conversationId: run.conversationId,
    ...(run.userMessageId === null ? {} : { userMessageId: run.userMessageId }),
    assistantMessageId: run.assistantMessageId,
    model: run.model,
  };
}

/** Reads all events of a log from a position on, neighbours joined. */
export function readEvents(log: RunLog, position = 0): RunEvent[] {
  const events: RunEvent[] = [];
  for (let entry = log.read(position); entry !== undefined; entry = log.read(entry.position)) {
    events.push(entry.item);
  }
  return events;
}

/** Joins the text of events: what came after the last reset. */
export function toAnswerText(events: Iterable<RunEvent>): AnswerText {
  let content: string[] = [];
  let reasoning: string[] = [];
  for (const event of events) {
    if (event.type === "text-delta") content.push(event.text);
    else if (event.type === "reasoning-delta") reasoning.push(event.text);
    else if (event.type === "answer-reset") {
      content = [];
      reasoning = [];
    }
  }
  return { content: content.join(""), reasoning: reasoning.join("") };
}
