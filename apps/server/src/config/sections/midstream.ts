import { oneOf } from "../scalar-schemas.ts";

/** What happens to a stream that breaks off after some of the answer has gone to the caller. */
export const midstreamSchema = () => oneOf(["off", "exact", "continue"]);
