import { oneOf } from "../scalar-schemas.ts";

/** What happens to a stream that breaks off after some of the answer has gone to the caller. */
export const midstreamSchema = () => oneOf(["off", "exact", "continue"]);

/** How an upstream is told to go on with an answer that another one has begun. */
export const prefillSchema = () => oneOf(["plain", "prefix", "partial", "final_message"]);
