import { DomainError } from "@llm-backend/contract";
import { redacted, scrubSecrets } from "./scrub-secrets.ts";
import { isSecretName } from "./secret-names.ts";

const depthMax = 8;
const itemsMax = 50;
const textMax = 2_000;
const causesMax = 5;

/** Cuts a text to what one entry has room for; never inside a character. */
export function cutText(text: string, charsMax: number): string {
  if (text.length <= charsMax) return text;
  const isHalf = /[\ud800-\udbff]/.test(text.charAt(charsMax - 1));
  return `${text.slice(0, isHalf ? charsMax - 1 : charsMax)}… (${text.length} characters)`;
}

/** Copies a value as the log may hold it: without secrets, without cycles, of bounded depth and size. */
export function toLoggable(value: unknown, depth = 0): unknown {
  if (typeof value === "string") return cutText(scrubSecrets(value), textMax);
  if (typeof value === "bigint" || typeof value === "symbol") return String(value);
  if (typeof value === "function") return undefined;
  return typeof value === "object" && value !== null ? toLoggableObject(value, depth) : value;
}

function toLoggableObject(value: object, depth: number): unknown {
  if (value instanceof Error) return toLoggableError(value);
  if (depth >= depthMax) return "…";
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "invalid date" : value.toISOString();
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `${value.byteLength} bytes`;
  if (value instanceof Map) return toLoggableFields(Object.fromEntries(value), depth);
  if (value instanceof Set) return toLoggableList([...value], depth);
  return Array.isArray(value) ? toLoggableList(value, depth) : toLoggableFields(value, depth);
}

function toLoggableList(list: readonly unknown[], depth: number): unknown[] {
  const items = list.slice(0, itemsMax).map((item) => toLoggable(item, depth + 1));
  return list.length > itemsMax ? [...items, `… (${list.length} items)`] : items;
}

function toLoggableFields(value: object, depth: number): Record<string, unknown> {
  const fields: [string, unknown][] = [];
  for (const [name, field] of Object.entries(value).slice(0, itemsMax)) {
    fields.push([scrubSecrets(name), isSecretName(name) ? redact(field) : toLoggable(field, depth + 1)]);
  }
  return Object.fromEntries(fields);
}

/** Whether there was one is worth knowing; numbers and switches are no secrets. */
function redact(value: unknown): unknown {
  return typeof value === "string" || (typeof value === "object" && value !== null) ? redacted : value;
}

/** What the log says of an error: chosen fields only, since libraries hang requests with their headers on theirs. */
export function toLoggableError(error: Error, depth = 0): Record<string, unknown> {
  const { name, message, stack, cause } = error;
  const { code, syscall } = error as { code?: unknown; syscall?: unknown };
  return withoutUndefined({
    name,
    code: typeof code === "string" || typeof code === "number" ? code : undefined,
    syscall: typeof syscall === "string" ? syscall : undefined,
    message: cutText(scrubSecrets(message), textMax),
    details: DomainError.is(error) ? toLoggable(error.details) : undefined,
    stack: depth === 0 && stack !== undefined ? cutText(scrubSecrets(stack), textMax) : undefined,
    errors:
      error instanceof AggregateError
        ? error.errors.slice(0, 3).map((one) => toCause(one, depth))
        : undefined,
    cause: cause === undefined ? undefined : toCause(cause, depth),
  });
}

function toCause(cause: unknown, depth: number): unknown {
  if (depth + 1 >= causesMax) return "…";
  return cause instanceof Error ? toLoggableError(cause, depth + 1) : toLoggable(cause, depthMax - 2);
}

function withoutUndefined(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
