import { seconds, section, whole } from "../scalar-schemas.ts";

/** `limits`: what one caller may ask of the server. */
export const limitsSchema = section({
  body_bytes_max: whole(1_024, 1_073_741_824).default(8_388_608).meta({
    description:
      "The largest request body in bytes (8 MiB). A message of a million characters takes up to 6 MB as JSON with escapes.",
  }),
  url_bytes_max: whole(256, 15_000).default(8_192).meta({ description: "The longest URL in bytes." }),
  batch_calls_max: whole(1, 100)
    .default(10)
    .meta({ description: "The most calls in one batch of the typed API." }),
  streams_per_user_max: whole(1, 10_000)
    .default(64)
    .meta({ description: "The most open streams of one user." }),
  runs_per_user_max: whole(1, 10_000)
    .default(32)
    .meta({ description: "The most answers of one user that are made at the same time." }),
  waiting_runs_max: whole(0, 1_000).default(8).meta({
    description: "The most answers of one conversation that wait for the one before them.",
  }),
  follower_stall_seconds: seconds(1, 3_600).default(30).meta({
    description: "How long a reader of a stream may take nothing before it is cut off; it can resume.",
  }),
  headers_seconds: seconds(1, 600).default(10).meta({
    description: "How long a caller may take to send a request's head.",
  }),
  request_seconds: seconds(1, 3_600).default(30).meta({
    description: "How long a caller may take to send a whole request.",
  }),
})
  .prefault({})
  .meta({ description: "What one caller may ask of the server." });
