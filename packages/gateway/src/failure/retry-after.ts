/** The headers of an answer, names in lower case. */
export type AnswerHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

const retryAfterMsMax = 60_000;
const charsMax = 64;

function readNumber(value: string | undefined): number | undefined {
  if (value === undefined || !/^[+-]?\d+(\.\d+)?(e\d{1,3})?$/i.test(value)) return undefined;
  return Number(value);
}

/** HTTP dates begin with a day of the week; the oldest form names no time zone and means GMT. */
function readDate(value: string): number | undefined {
  if (!/^[A-Z][a-z]{2,8},? /.test(value)) return undefined;
  const time = Date.parse(/GMT|UTC|[+-]\d{4}$/.test(value) ? value : `${value} GMT`);
  return Number.isNaN(time) ? undefined : time;
}

const first = (value: AnswerHeaders[string]): string | undefined => {
  const text = (typeof value === "string" ? value : value?.[0])?.trim();
  return text === undefined || text.length > charsMax ? undefined : text;
};

const clamp = (ms: number): number => Math.min(Math.max(Math.round(ms), 0), retryAfterMsMax);

/**
 * Reads after how many milliseconds an upstream wants to be asked again: `retry-after-ms`, or `retry-after` as seconds
 * or as an HTTP date. Anything unreadable counts as absent; the rest is kept between now and a minute.
 *
 * @param now - The wall clock, in milliseconds since 1970: dates are measured against it.
 */
export function readRetryAfter(headers: AnswerHeaders, now: number): number | undefined {
  const ms = readNumber(first(headers["retry-after-ms"]));
  if (ms !== undefined) return clamp(ms);
  const value = first(headers["retry-after"]);
  if (value === undefined) return undefined;
  const seconds = readNumber(value);
  if (seconds !== undefined) return clamp(seconds * 1000);
  const date = readDate(value);
  return date === undefined ? undefined : clamp(date - now);
}
