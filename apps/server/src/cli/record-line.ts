import type { WrittenRecord } from "@llm-backend/storage";

type RequestRecord = WrittenRecord["record"];

/**
 * One request in one line for people.
 *
 * @example
 * "10:15:02.123  200  chat  gpt-4o → main  1.2 s (0.3 s)  812+120 tokens  $0.0041  key ci  req_…"
 */
export function toRecordLine(record: RequestRecord): string {
  const cells = [
    new Date(record.at).toISOString().slice(11, 23),
    toStatus(record),
    record.kind,
    toWay(record),
    toTimes(record),
    toTokens(record),
    record.costNanos === null ? undefined : `$${(record.costNanos / 1_000_000_000).toFixed(6)}`,
    record.keyName === null ? undefined : `key ${record.keyName}`,
    record.clientIp ?? undefined,
    record.attemptCount > 1 ? `${record.attemptCount} attempts` : undefined,
    record.id,
    record.errorMessage ?? undefined,
  ];
  return `${cells
    .filter((cell) => cell !== undefined)
    .map(toOneLine)
    .join("  ")}\n`;
}

function toStatus({ status, errorCode }: RequestRecord): string {
  return errorCode === null ? String(status) : `${status} ${errorCode}`;
}

function toWay({ model, modelAnswered, upstream, path }: RequestRecord): string {
  const asked = model ?? path ?? "-";
  const answered = modelAnswered === null || modelAnswered === model ? "" : ` (${modelAnswered})`;
  return upstream === null ? asked : `${asked} → ${upstream}${answered}`;
}

function toTimes({ elapsedMs, firstByteMs }: RequestRecord): string {
  return firstByteMs === null ? toSeconds(elapsedMs) : `${toSeconds(elapsedMs)} (${toSeconds(firstByteMs)})`;
}

const toSeconds = (ms: number) => (ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`);

function toTokens({ promptTokens, completionTokens, usageSource }: RequestRecord): string | undefined {
  if (promptTokens === null && completionTokens === null) return undefined;
  const about = usageSource === "counted" ? "~" : "";
  return `${about}${promptTokens ?? "?"}+${completionTokens ?? "?"} tokens`;
}

/** What callers and upstreams chose must not move a terminal's cursor. */
function toOneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ");
}
