import { amount, flag, line, list, named, seconds, section, whole } from "../scalar-schemas.ts";
import { midstreamSchema } from "./midstream.ts";

const retrySchema = section({
  budget_percent: amount(0, 100, "percent").default(20).meta({
    description: "How many further attempts there may be, of the requests of the last ten seconds.",
  }),
  budget_min: whole(0, 10_000).default(3).meta({
    description: "So many are allowed in those ten seconds however few requests there were.",
  }),
  budget_min_per_upstream: whole(0, 10_000)
    .default(5)
    .meta({ description: "The same for each upstream that serves the model." }),
})
  .prefault({})
  .meta({
    description:
      "What keeps a bad day from becoming a storm: further attempts at upstreams that have failed already.",
  });

const breakerSchema = section({
  failures_in_a_row: whole(1, 10_000)
    .default(5)
    .meta({ description: "An upstream or a key that fails so often in a row is taken out." }),
  failures_percent: amount(1, 100, "percent")
    .default(50)
    .meta({ description: "The same when so many of its requests fail." }),
  requests_min: whole(1, 100_000)
    .default(20)
    .meta({ description: "Requests within the window that the percentage needs." }),
  window_seconds: seconds(1, 3_600).default(10).meta({ description: "The window that is looked at." }),
  open_seconds: seconds(0.1, 3_600)
    .default(10)
    .meta({ description: "How long it is out the first time; each time after that twice as long." }),
  open_seconds_max: seconds(1, 86_400).default(300).meta({ description: "The longest time that it is out." }),
})
  .prefault({})
  .meta({ description: "When an upstream is not asked for a while." });

const keyRestSchema = section({
  rejected_seconds: seconds(0, 86_400).default(300).meta({
    description: "After the provider has refused it; each further time twice as long, up to an hour.",
  }),
  quota_seconds: seconds(0, 86_400).default(600).meta({
    description: "After its account was found empty; each further time twice as long, up to an hour.",
  }),
  limited_seconds: seconds(0, 3_600).default(1).meta({
    description: "After a 429 that does not say how long; each further time twice as long.",
  }),
  limited_seconds_max: seconds(0, 3_600).default(60).meta({
    description: "The longest after a 429, whatever the provider says.",
  }),
})
  .prefault({})
  .meta({ description: "How long a key of an upstream is not used." });

/** `gateway`: how calls are passed on to the upstreams. */
export const gatewaySchema = section({
  fallbacks: named(list(line(256)))
    .default({})
    .meta({
      description: "A model → the models that are asked, in this order, when nobody can answer with it.",
      example: { "gpt-5": ["gpt-4o", "claude-sonnet-4"] },
    }),
  midstream: midstreamSchema().default("exact").meta({
    description:
      "When a stream breaks off after some of the answer was passed on. off: it ends with an error. exact: the next upstream is asked anew, and the stream goes on where the new answer repeats the old one. continue: the next one is asked to go on from there, if it can.",
  }),
  deadline_seconds: seconds(1, 3_600).default(300).meta({
    description: "How long all attempts of one call together may take until its answer begins.",
  }),
  queue_seconds: seconds(0, 600).default(10).meta({
    description:
      "How long a call may wait for a place at an upstream that has concurrency_max and queue_max.",
  }),
  body_bytes_max: whole(1_024, 1_073_741_824).default(33_554_432).meta({
    description:
      "The largest body under /v1 that is kept whole (32 MiB), so that it can be sent again: JSON.",
  }),
  upload_bytes_max: whole(1_024, 68_719_476_736).default(536_870_912).meta({
    description:
      "The largest upload under /v1 that is passed on as it comes (512 MiB): files, audio, images.",
  }),
  discover: flag().default(true).meta({
    description:
      "Whether upstreams that name no models are asked for them every ten minutes, for the list of models.",
  }),
  show_keys: flag().default(false).meta({
    description:
      "Whether the admin API of the earlier gateway (/admin/upstreams) shows the upstreams' keys whole, as that one did.",
  }),
  retry: retrySchema,
  breaker: breakerSchema,
  key_rest: keyRestSchema,
})
  .prefault({})
  .meta({ description: "How calls are passed on to the upstreams." });
