import { z } from "zod";
import { addressExpectation, readAddress } from "../listen-address.ts";
import { line, seconds, section } from "../scalar-schemas.ts";

/** `metrics`: who may read them, and where. */
export const metricsSchema = section({
  listen: z
    .union([z.string(), z.number()], { error: addressExpectation })
    .refine((value) => readAddress(value) !== undefined, { error: addressExpectation })
    .optional()
    .meta({
      description:
        "An address of their own, as host:port. Without it they are at /metrics and /v1/metrics of the server.",
      example: "127.0.0.1:9090",
    }),
  token: line(4_096).optional().meta({
    description: "The bearer token that whoever reads them has to send. Without it everyone can.",
    example: "<replace this: openssl rand -base64 32>",
  }),
})
  .prefault({})
  .meta({ description: "Measurements for Prometheus." });

// Not "expected …": what stands there is a secret as a whole, and must not be quoted.
const webhookExpectation = "must be an http(s) URL";
const webhook = () =>
  z
    .string({ error: webhookExpectation })
    .refine((value) => /^https?:\/\/\S+$/i.test(value) && URL.canParse(value), { error: webhookExpectation });

const matrixSchema = section({
  homeserver: webhook().meta({
    description: "The base URL of the homeserver.",
    example: "https://matrix.org",
  }),
  room: z
    .string({ error: "expected a room's id, such as !abc:matrix.org" })
    .regex(/^![^\s/]+$/, { error: "expected a room's id, such as !abc:matrix.org" })
    .meta({ description: "The room's id; the account has to be in the room.", example: "!abc:matrix.org" }),
  token: line(4_096).meta({ description: "The access token of the account.", example: "syt_..." }),
})
  .optional()
  .meta({ description: "A room of Matrix." });

/** `alerts`: who is told when something is broken. */
export const alertsSchema = section({
  feishu_webhook: webhook().optional().meta({
    description: "The webhook of a Feishu (Lark) bot. Also as the variable FEISHU_WEBHOOK.",
    example: "https://open.feishu.cn/open-apis/bot/v2/hook/...",
  }),
  matrix: matrixSchema,
  matrix_api: webhook().optional().meta({
    description:
      "The URL that the earlier gateway posted Matrix messages to. Also as the variable MATRIX_API.",
    example: "https://matrix-bot.example.com/send",
  }),
  webhook: webhook().optional().meta({
    description: "Any other place: it is sent JSON, with the sentence as text.",
    example: "https://ops.example.com/hooks/llm",
  }),
  interval_seconds: seconds(1, 86_400).default(60).meta({
    description:
      "Each place is told of the same trouble once in this time; what happened meanwhile is counted.",
  }),
})
  .prefault({})
  .meta({
    description: "Who is told when every upstream failed, one of them was taken out or a key was refused.",
  });
