import { scrubSecrets } from "../logging/scrub-secrets.ts";
import { toStatus } from "../metrics/request-status.ts";
import type { WatchedHealthChange, WatchedRequest } from "../metrics/watched-events.ts";

const wordCharsMax = 100;
const attemptsShown = 8;

/**
 * Makes a text of others fit for a message: one line, short, free of secrets, and without the brackets that would let
 * whoever chose it call everybody in the room.
 */
export function toWord(text: string, charsMax: number = wordCharsMax): string {
  const line = scrubSecrets(text)
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ")
    .replaceAll("<", "‹")
    .replaceAll(">", "›")
    .replaceAll("@", "(at)")
    .trim();
  return line.length > charsMax ? `${line.slice(0, charsMax)}…` : line;
}

/** Says how a call failed: `model gpt-4o, 502 upstream_unavailable, req_1 (main: reset; second: rate_limited)`. */
export function toRequestWords(request: WatchedRequest): string {
  const { model, error, requestId, attempts } = request;
  const shown = attempts
    .slice(0, attemptsShown)
    .map(({ upstream, outcome }) => `${toWord(upstream)}: ${outcome}`);
  const more = attempts.length - shown.length;
  const asked = [...shown, ...(more > 0 ? [`and ${more} more`] : [])].join("; ");
  const end = attempts.length === 0 ? "nobody could be asked" : asked;
  return `model ${toWord(model)}, ${toStatus(request) ?? ""} ${error?.code ?? ""}, ${requestId} (${end})`;
}

const keyTroubles: Readonly<Record<string, string>> = {
  rejected: "is refused by its provider",
  quota: "belongs to an account that is empty",
  open: "was taken out",
};

const keyStates: ReadonlySet<string> = new Set(["ok", "cooling", "quota", "rejected"]);

/** Tells a change of a key from one of a whole upstream; of a short key not even the end is named. */
export function isAboutKey({ keyLast4, from, to }: WatchedHealthChange): boolean {
  return keyLast4 !== undefined || keyStates.has(from) || keyStates.has(to);
}

/** Says what was taken out, and why. */
export function toOutSentence(change: WatchedHealthChange): string {
  const trouble = (isAboutKey(change) ? keyTroubles[change.to] : undefined) ?? "was taken out";
  return `${toSubject(change)} ${trouble}: ${toWord(change.reason, 300)}`;
}

/** Says what came back, and how long it was away. */
export function toBackSentence(change: WatchedHealthChange, given: { readonly awayMs: number }): string {
  return `${toSubject(change)} is back after ${toDuration(given.awayMs)}`;
}

function toSubject(change: WatchedHealthChange): string {
  const name = toWord(change.upstream);
  if (!isAboutKey(change)) return `Upstream ${name}`;
  return change.keyLast4 === undefined
    ? `A key of upstream ${name}`
    : `The key …${change.keyLast4} of upstream ${name}`;
}

/** A length of time for people. */
export function toDuration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
}
