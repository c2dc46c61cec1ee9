import { errorCodes } from "@llm-backend/contract";
import type { WatchedRequest } from "./watched-events.ts";

/** The status that a caller got, or would have: where no upstream's answer began, that of the error. */
export function toStatus({ status, error }: Pick<WatchedRequest, "status" | "error">): number | undefined {
  return status ?? (error === undefined ? undefined : errorCodes[error.code].status);
}
