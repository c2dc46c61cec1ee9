import type { IncomingMessage } from "node:http";
import { errorCodes, type ErrorCode } from "@llm-backend/contract";

/** Why the host does not pass a request on. */
export type Refusal = {
  readonly status: number;
  readonly code: ErrorCode;
  readonly message: string;
  /** After how long another try makes sense. */
  readonly retryAfterSeconds?: number;
};

/** How long the process is given to find its breath. */
export const overloadedSeconds = 2;

/** What everybody is told while the process takes no new work. */
export const overloaded: Refusal = {
  status: errorCodes.overloaded.status,
  code: "overloaded",
  message: errorCodes.overloaded.publicMessage,
  retryAfterSeconds: overloadedSeconds,
};

/** What is answered however busy the process is: it is how others see that it is. */
const alwaysAnswered = new Set(["/healthz", "/readyz", "/metrics", "/v1/metrics"]);

/** Whether a request is one that may be refused for lack of room. */
export function isRefusable({ url = "" }: Pick<IncomingMessage, "url">): boolean {
  return !alwaysAnswered.has(url.split("?", 1)[0] ?? "");
}

const tooLong: Refusal = { status: 414, code: "input_too_large", message: "The URL is too long." };

/** Shows a caller's own headers to whoever can make its browser ask, and is of no use besides. */
const noTrace: Refusal = { status: 405, code: "method_not_allowed", message: "TRACE is not answered." };

const toBadRequest = (message: string): Refusal => ({ status: 400, code: "invalid_input", message });

/** Finds what is wrong with a request that Node's parser lets pass and that no honest client sends. */
export function findRefusal(
  { method, url, rawHeaders }: Pick<IncomingMessage, "method" | "url" | "rawHeaders">,
  urlBytesMax: number,
): Refusal | undefined {
  if (!url?.startsWith("/")) return toBadRequest("The request's target must be a path.");
  if (url.length > urlBytesMax) return tooLong;
  if (method === "TRACE") return noTrace;
  let hosts = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]?.toLowerCase();
    if (name === "host") hosts++;
    if (name === "__proto__") return toBadRequest("A header has a name that is not allowed.");
  }
  return hosts > 1 ? toBadRequest("The request names more than one host.") : undefined;
}

/** Why a path led to no route at all. */
export function toPathRefusal(error: { readonly code: string }): Refusal {
  return error.code === "FST_ERR_MAX_PARAM_LENGTH" ? tooLong : toBadRequest("The path is not valid.");
}
