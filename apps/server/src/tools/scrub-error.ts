import type { ToolServerPlace } from "../config/tools-config.ts";

const secretCharsMin = 4;
const messageCharsMax = 500;

/** Creates what makes text fit for logs and for models: without anything that stands in `env` or `headers`. */
export function createScrubber(place: ToolServerPlace): (text: string) => string {
  const values = Object.values("url" in place ? place.headers : place.env);
  // The word behind `Bearer` is the secret, however it comes back.
  const secrets = values
    .flatMap((value) => [value, ...value.split(/\s+/)])
    .filter((value) => value.length >= secretCharsMin)
    .toSorted((first, second) => second.length - first.length);
  return (text) =>
    secrets.reduce((scrubbed, secret) => scrubbed.replaceAll(secret, "***"), text).slice(0, messageCharsMax);
}

/** What an error says. */
export function toMessage(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // `fetch` says what went wrong in the cause only.
  const { cause } = error;
  return cause instanceof Error ? `${error.message}: ${cause.message}` : error.message;
}
