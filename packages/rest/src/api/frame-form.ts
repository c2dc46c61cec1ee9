import { chooseRetryMs, encodeSse, ssePing } from "@llm-backend/stream";

/** One object of the chat stream. */
export type Frame = {
  readonly event:
    | "message"
    | "done"
    | "full_response"
    | "error"
    // Only in conversations that have tools; the data is JSON.
    | "tool_call"
    | "tool_permission"
    | "tool_result"
    // Where a question was looked up; the data is JSON. Not in the documented form, which has no such frame.
    | "citations";
  readonly data: string;
  /** Where a caller that has this frame continues; absent where it cannot. */
  readonly id?: string;
};

/** One way to write the chat stream. */
export type FrameForm = {
  readonly contentType: string;
  encode(frame: Frame): string;
  /** Stands before the first frame of a stream. */
  begin(): string;
  /** What keeps a silent stream open; undefined where a caller would take it for a frame. */
  readonly ping: string | undefined;
};

const toJson = ({ event, data }: Frame) => JSON.stringify({ event, data });

/** The documented form: bare JSON objects with a blank line between them. */
export const bareForm: FrameForm = {
  contentType: "text/event-stream",
  encode: (frame) => (frame.event === "citations" ? "" : `${toJson(frame)}\n\n`),
  begin: () => "",
  ping: undefined,
};

/** Server-sent events that an `EventSource` can read, and resume. */
export const sseForm: FrameForm = {
  contentType: "text/event-stream",
  encode: (frame) =>
    encodeSse({
      ...(frame.id === undefined ? {} : { id: frame.id }),
      event: frame.event,
      data: toJson(frame),
    }),
  begin: adviseRetry,
  ping: ssePing,
};

/** One object a line. */
export const linesForm: FrameForm = {
  contentType: "application/x-ndjson",
  encode: (frame) => `${toJson(frame)}\n`,
  begin: () => "",
  ping: undefined,
};

/** Picks the form that a caller asked for; whoever says nothing definite gets the documented one. */
export function chooseForm(accept: string | undefined): FrameForm {
  const types = (accept ?? "").split(",").map((type) => (type.split(";")[0] ?? "").trim().toLowerCase());
  if (types.includes("application/x-ndjson")) return linesForm;
  if (types.length === 1 && types[0] === "text/event-stream") return sseForm;
  return bareForm;
}

/** What a stream of server-sent events begins with: how long its reader waits before it comes back, each another time. */
export function adviseRetry(): string {
  return `retry: ${chooseRetryMs()}\n`;
}
