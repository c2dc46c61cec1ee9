import { seconds, section } from "../scalar-schemas.ts";

const clock = () => seconds(0.01, 3_600);

const descriptions = {
  connect_seconds: "From the start of an attempt to a connected socket.",
  first_byte_seconds: "From there to the first byte of a streamed answer.",
  whole_answer_seconds: "The same for an answer in one piece: its first byte comes when all of it is made.",
  first_token_seconds:
    "From the first byte to the first piece of text. Models that think long before they write need more.",
  idle_seconds: "Between two pieces of text.",
};

/** `clocks`: how long an upstream may take to reach each stage of an answer. */
export const clocksSchema = section({
  connect_seconds: clock().default(3).meta({ description: descriptions.connect_seconds }),
  first_byte_seconds: clock().default(30).meta({ description: descriptions.first_byte_seconds }),
  whole_answer_seconds: clock().default(120).meta({ description: descriptions.whole_answer_seconds }),
  first_token_seconds: clock().default(60).meta({ description: descriptions.first_token_seconds }),
  idle_seconds: clock().default(60).meta({ description: descriptions.idle_seconds }),
})
  .prefault({})
  .meta({
    description:
      "How long an upstream may take to reach each stage of an answer before the next one is asked.",
  });

/** The same for one upstream, where it differs. */
export const upstreamClocksSchema = section({
  connect_seconds: clock().optional().meta({ description: descriptions.connect_seconds, example: 3 }),
  first_byte_seconds: clock().optional().meta({ description: descriptions.first_byte_seconds, example: 300 }),
  whole_answer_seconds: clock()
    .optional()
    .meta({ description: descriptions.whole_answer_seconds, example: 600 }),
  first_token_seconds: clock()
    .optional()
    .meta({ description: descriptions.first_token_seconds, example: 300 }),
  idle_seconds: clock().optional().meta({ description: descriptions.idle_seconds, example: 300 }),
});
