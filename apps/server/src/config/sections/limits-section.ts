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
  sockets_per_address_max: whole(1, 1_000_000).default(4_096).meta({
    description:
      "The most open connections of one address (of one /64 for IPv6) to one process. Connections from this machine and from trusted_proxies are not counted.",
  }),
  follower_stall_seconds: seconds(1, 3_600).default(30).meta({
    description: "How long a reader of a stream may take nothing before it is cut off; it can resume.",
  }),
  attachment_bytes_max: whole(1_024, 104_857_600).default(10_485_760).meta({
    description: "The largest image that a user can attach, in bytes (10 MiB).",
  }),
  attachment_text_bytes_max: whole(1_024, 16_777_216).default(1_048_576).meta({
    description: "The longest text file that a user can attach, in bytes (1 MiB).",
  }),
  attachment_pixels_max: whole(1_024, 1_000_000_000).default(50_000_000).meta({
    description: "The most pixels of an image that a user can attach.",
  }),
  attachments_per_message_max: whole(0, 100).default(10).meta({
    description: "The most files of one message; 0 for none.",
  }),
  attachment_bytes_per_message_max: whole(1_024, 104_857_600).default(20_971_520).meta({
    description:
      "The most bytes of the files of one message (20 MiB). Of the images of a whole prompt no more are sent: older ones are named only.",
  }),
  attachments_per_user_max: whole(0, 1_000_000).default(10_000).meta({
    description: "The most files of one user.",
  }),
  attachment_bytes_per_user_max: whole(0, 1_099_511_627_776).default(1_073_741_824).meta({
    description: "The most bytes of all files of one user (1 GiB), each content counted once.",
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
