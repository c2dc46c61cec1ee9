import { toFailure, type Failure } from "../failure/failure.ts";
import type { AnswerHeaders } from "../failure/retry-after.ts";

/** An answer that is to be understood must not be compressed: nobody asked for that, and it could be of any size. */
export function refuseCompressed(headers: AnswerHeaders): Failure | undefined {
  const encoding = headers["content-encoding"];
  return encoding === undefined || encoding === "identity" || encoding === ""
    ? undefined
    : toFailure("protocol_error", "upstream_unavailable", "the answer is compressed");
}
