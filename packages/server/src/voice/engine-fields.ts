import { toStoredBody } from "../record/stored-text.ts";
import type { VoiceFace } from "./ports.ts";

type Fields = Readonly<Record<string, unknown>>;

/** What a voice engine sends beside OpenAI's fields, and what names a knowledge base: for us, and for nobody behind us. */
export const engineFields = ["context", "turn_id", "timestamp", "interruptable", "knowledge_base"] as const;
/** What it sends in messages. */
export const engineMessageFields = ["turn_id", "timestamp", "metadata"] as const;

/** Whom an engine speaks for: its own words for application, user and channel. */
export type EngineContext = {
  readonly appId: string;
  readonly userId: string;
  readonly channel: string;
};

const wordCharsMax = 512;

/** Reads the engine's context; undefined where it names neither a user nor a channel. */
export function readEngineContext({ context }: Fields): EngineContext | undefined {
  if (!isFields(context)) return undefined;
  const { appId, userId, channel } = context;
  const words = { appId: toWord(appId), userId: toWord(userId), channel: toWord(channel) };
  return words.userId === "" && words.channel === "" ? undefined : words;
}

/** Engines write ids as numbers or as text. */
function toWord(value: unknown): string {
  const text = typeof value === "string" || typeof value === "number" ? String(value) : "";
  return text.length > wordCharsMax ? "" : text;
}

/** What a record keeps of it; in characters of JSON. */
const recordCharsMax = 8192;

/** Writes down, for the record of a call, what the engine sent beside OpenAI's fields. */
export function toVoiceRecord(face: VoiceFace, body: Fields, more: Fields = {}): string {
  const base = { face, ...more, ...pick(body, engineFields) };
  let messages = pickMessages(body["messages"]);
  let text = write(base, messages);
  // The last ones tell most: they are of this turn.
  while (text.length > recordCharsMax && messages.length > 0) {
    messages = messages.slice(Math.ceil(messages.length / 2));
    text = write(base, messages);
  }
  const short = text.length > recordCharsMax ? JSON.stringify({ face, ...more, isCut: true }) : text;
  return toStoredBody(short, recordCharsMax);
}

function write(base: Fields, messages: readonly Fields[]): string {
  return JSON.stringify(messages.length === 0 ? base : { ...base, messages });
}

function pickMessages(messages: unknown): readonly Fields[] {
  if (!Array.isArray(messages)) return [];
  return messages.flatMap((message: unknown, index) => {
    const picked = isFields(message) ? pick(message, engineMessageFields) : {};
    return Object.keys(picked).length === 0 ? [] : [{ index, ...picked }];
  });
}

function pick(fields: Fields, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    names.filter((name) => Object.hasOwn(fields, name)).map((name) => [name, fields[name]]),
  );
}

/** Whether a value is a JSON object. */
export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
