import type { IncomingMessage } from "node:http";
import type { ErrorCode } from "@llm-backend/contract";

/** Why the host does not pass a request on. */
export type Refusal = { readonly status: number; readonly code: ErrorCode; readonly message: string };

const tooLong: Refusal = { status: 414, code: "input_too_large", message: "The URL is too long." };

const toBadRequest = (message: string): Refusal => ({ status: 400, code: "invalid_input", message });

/** Finds what is wrong with a request that Node's parser lets pass and that no honest client sends. */
export function findRefusal(
  { url, rawHeaders }: Pick<IncomingMessage, "url" | "rawHeaders">,
  urlBytesMax: number,
): Refusal | undefined {
  if (!url?.startsWith("/")) return toBadRequest("The request's target must be a path.");
  if (url.length > urlBytesMax) return tooLong;
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
