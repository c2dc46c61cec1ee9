import type { HostileReply, HostileRequest } from "./hostile-request.ts";

/** What a reply is. */
export type Verdict =
  | { readonly kind: "fine" }
  /** A 5xx that the contract asks for: what is lacking is not here, but upstream or for now. */
  | { readonly kind: "demanded"; readonly name: string }
  | { readonly kind: "failure" | "off schema" | "no reply"; readonly what: string };

/** What no answer may ever hold: stacks, statements, places, libraries. */
const leaks =
  /\bat \S+ \(|\.ts:\d|node_modules|SQLITE|\b(select|insert|update|delete) .*\b(from|into|set)\b|\/(work|tmp|home|root)\//i;

const demanded = new Set([501, 502, 503, 504]);

/** Judges a reply by the face that it came from. */
export function judgeReply(
  request: Pick<HostileRequest, "face" | "method" | "path">,
  reply: HostileReply,
): Verdict {
  const { status, text } = reply;
  const what = `${request.method} ${request.path.slice(0, 80)} answered ${status}: ${text.slice(0, 200)}`;
  // Of broken bytes some are no request at all; a server may wait for the rest until the caller is gone.
  if (status === 0) return request.face === "raw HTTP" ? { kind: "fine" } : { kind: "no reply", what };
  if (status >= 500 && !demanded.has(status)) return { kind: "failure", what };
  const isError = status >= 400;
  // What was stored may be told again by a socket; errors may tell nothing of the inside.
  const isLeak = isError && request.face !== "WebSocket" && leaks.test(text);
  if (!isInWords(request, reply) || isLeak) return { kind: "off schema", what };
  if (status >= 500) return { kind: "demanded", name: `${request.face} ${status} ${toReason(text)}` };
  return { kind: "fine" };
}

/** Errors have the form of their face; results of the typed face have an envelope. */
function isInWords(
  { face, method }: Pick<HostileRequest, "face" | "method">,
  { status, contentType, text }: HostileReply,
): boolean {
  if (face === "raw HTTP" || method === "HEAD") return true;
  if (face === "WebSocket") return text.split("\n").every(isMessage);
  if (contentType.startsWith("text/event-stream")) return status === 200;
  if (status < 400 && face !== "tRPC") return true;
  const body = readJson(text);
  if (body === undefined) return false;
  const { error } = body as { error?: unknown };
  if (face === "tRPC") return status < 400 ? "result" in body : isTyped(error, status);
  if (face === "/v1") return isRecord(error) && isSaid(error["message"]) && isSaid(error["type"]);
  return isSaid(error);
}

/** A message of a WebSocket: a result, a documented refusal, or a sign of life. */
function isMessage(text: string): boolean {
  if (text === "" || text === "PING" || text === "PONG") return true;
  const message = readJson(text);
  if (message === undefined || !("error" in message)) return message !== undefined;
  const status = Number(/"httpStatus":(\d+)/.exec(text)?.[1] ?? 0);
  return status >= 400 && !leaks.test(text) && isTyped(message["error"], status);
}

function isTyped(error: unknown, status: number): boolean {
  const shape = isRecord(error) && isRecord(error["json"]) ? error["json"] : {};
  const data = isRecord(shape["data"]) ? shape["data"] : {};
  return (
    isSaid(shape["message"]) &&
    typeof shape["code"] === "number" &&
    isSaid(data["code"]) &&
    isSaid(data["reason"]) &&
    data["httpStatus"] === status &&
    !("stack" in data)
  );
}

function toReason(text: string): string {
  return /"(?:reason|code)":"(\w+)"/.exec(text)?.[1] ?? "";
}

function readJson(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null;
const isSaid = (value: unknown) => typeof value === "string" && value !== "";
