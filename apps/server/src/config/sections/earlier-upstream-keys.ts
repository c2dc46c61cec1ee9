import { line, list, oneOf, seconds } from "../scalar-schemas.ts";

/** The first-byte limits of the earlier gateway; 0 meant its default there. */
export const timeoutSchema = () => seconds(0, 86_400).optional();

/** The keys of an upstream that only the earlier gateway's file has; what else it had is among our own. */
export const earlierUpstreamKeys = {
  timeout: timeoutSchema().meta({
    description:
      "As in the earlier gateway: clocks.whole_answer_seconds; with a single upstream also that of streamed answers.",
    example: 120,
  }),
  stream_timeout: timeoutSchema().meta({
    description: "As in the earlier gateway: clocks.first_byte_seconds while there are several upstreams.",
    example: 10,
  }),
  allow: list(line(256))
    .optional()
    .meta({ description: "The same as models, as the earlier gateway called it.", example: ["gpt-4o"] }),
  type: oneOf(["openai", "replicate"]).optional().meta({
    description:
      "As in the earlier gateway. An upstream of type replicate is left out: it speaks another protocol.",
    example: "openai",
  }),
};
