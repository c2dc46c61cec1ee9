import { z } from "zod";

/** A user's or a conversation's id: a time-ordered integer that JSON carries exactly (53 bits). */
export const integerIdSchema = z.int().min(1).max(Number.MAX_SAFE_INTEGER);

const prefixed = (prefix: string) =>
  z.string().regex(new RegExp(`^${prefix}_[0-9a-hjkmnp-tv-z]{26}$`), `expected an id like ${prefix}_…`);

/** The id of one generation. */
export const runIdSchema = prefixed("run");
/** The id of one message of a conversation. */
export const messageIdSchema = prefixed("msg");
/** The id of one file that belongs to messages. */
export const attachmentIdSchema = prefixed("att");
/** The id of one knowledge base. */
export const knowledgeBaseIdSchema = prefixed("kb");
/** The id of one document of a knowledge base. */
export const documentIdSchema = prefixed("doc");
/** The id of one job that works on a knowledge base. */
export const jobIdSchema = prefixed("job");
/** The id of one login. */
export const sessionIdSchema = prefixed("ses");
/** The id of one key of ours. */
export const keyIdSchema = prefixed("key");

/** The id of one request, and of its record. */
export const recordIdSchema = prefixed("req");

/** The id of the record of a run: both tell of the same request. */
export function toRecordId(runId: string): string {
  return `req_${runId.slice("run_".length)}`;
}

/** The prefixes of all ids that are not integers. */
export type IdPrefix =
  | "run"
  | "msg"
  | "ses"
  | "ups"
  | "req"
  | "key"
  | "res"
  | "att"
  | "kb"
  | "doc"
  | "ver"
  | "job";

/** A key that the client makes for one send: the same key again joins the run that it started. */
export const requestIdSchema = z
  .string()
  .regex(/^[\w.:-]{1,255}$/, "expected 1 to 255 letters, digits, or any of _ . : -");

/** The position of a follower: which run, and up to which unit of its log. `run_…:1234` */
export type EventId = `${string}:${number}`;

/** Writes a follower's position as the id of an event. */
export function toEventId(runId: string, position: number): EventId {
  return `${runId}:${position}`;
}

/** Reads the id of an event; undefined for anything that this system did not write. */
export function readEventId(value: string): { runId: string; position: number } | undefined {
  const match = /^(run_[0-9a-hjkmnp-tv-z]{26}):(0|[1-9]\d{0,14})$/.exec(value);
  if (match === null) return undefined;
  return { runId: match[1] as string, position: Number(match[2]) };
}
