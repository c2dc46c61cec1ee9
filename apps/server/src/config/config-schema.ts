import { z } from "zod";
import { flag, line, oneOf, path, seconds, section, whole } from "./scalar-schemas.ts";
import { authSchema } from "./sections/auth-section.ts";
import { chatSchema } from "./sections/chat-section.ts";
import { clocksSchema } from "./sections/clocks-section.ts";
import { earlierGatewayKeys, ragSchema, sqliteSchema } from "./sections/earlier-section.ts";
import { gatewaySchema } from "./sections/gateway-section.ts";
import { knowledgeSchema } from "./sections/knowledge-section.ts";
import { limitsSchema } from "./sections/limits-section.ts";
import {
  addressesSchema,
  addressSchema,
  corsSchema,
  serverSchema,
  trustedProxiesSchema,
} from "./sections/listen-section.ts";
import { pricesSchema, recordsSchema } from "./sections/records-section.ts";
import { redisSchema } from "./sections/redis-section.ts";
import { jwtSchema, masterKeyFileSchema, masterKeySchema } from "./sections/secret-section.ts";
import { speechSchema } from "./sections/speech-section.ts";
import { toolsSchema } from "./sections/tools-section.ts";
import { authorizationSchema, providersSchema, upstreamsSchema } from "./sections/upstream-section.ts";
import { voiceSchema } from "./sections/voice-section.ts";
import { alertsSchema, metricsSchema } from "./sections/watch-section.ts";

const databaseExpectation = "expected the path of an SQLite file";
const isPostgres = (value: string) => /^postgres(ql)?:|\b(host|dbname)=/i.test(value);

const databaseSchema = z
  .string({ error: databaseExpectation })
  .refine((value) => !isPostgres(value), {
    error:
      "Postgres is not supported by this version; give the path of an SQLite file, or leave this key out",
    abort: true,
  })
  .refine(
    (value) => value.trim() !== "" && !value.includes("\0") && !/^[a-z][a-z0-9+.-]*:\/\//i.test(value),
    {
      error: databaseExpectation,
    },
  );

const logSchema = section({
  level: oneOf(["trace", "debug", "info", "warn", "error", "fatal", "silent"]).default("info").meta({
    description: "The least severe entries that are written.",
  }),
  format: oneOf(["auto", "json", "pretty"]).default("auto").meta({
    description: "json: one JSON object a line. pretty: for people. auto: pretty on a terminal, else json.",
  }),
})
  .prefault({})
  .meta({ description: "The log, on standard output." });

const policySchema = oneOf([
  "order",
  "main",
  "random",
  "random_available",
  "round_robin",
  "round_robin_available",
  "weighted",
  "least_latency",
  "p2c",
])
  .default("order")
  .meta({
    description:
      "In which order the upstreams that serve a model are asked. order: as listed. main: fewest failures, then most successes. random, round_robin: by chance, in turn; with _available only those that have not failed lately. weighted: by chance, by their weights. least_latency: the quickest first word. p2c: the better of two that chance chooses.",
  });

/** Everything that a configuration may say, with all defaults. config.example.yaml is made from it. */
export const configSchema = section({
  address: addressSchema,
  addresses: addressesSchema,
  server: serverSchema,
  data: path("a folder").optional().meta({
    description:
      "The folder for everything the server keeps: database, secrets. Made at the first start, for its owner only.",
    example: "./data",
  }),
  database: databaseSchema.optional().meta({
    description: "The SQLite file. Without this key: llm-backend.db in the data folder.",
    example: "./data/llm-backend.db",
  }),
  jwt: jwtSchema,
  master_key: masterKeySchema,
  master_key_file: masterKeyFileSchema,
  authorization: authorizationSchema().meta({
    description:
      "The tokens of callers under /v1 and of voice engines, separated by commas, beside the keys that the server issues (llm-backend key create).",
    example: "<a token>,<another token>",
  }),
  admin_authorization: authorizationSchema().meta({
    description:
      "The tokens for /admin and the administration over REST, separated by commas, beside keys of the scope admin. Without this key: those of authorization, as in the earlier gateway. Set it, and be it empty, where callers are not to administrate.",
    example: "<a token>,<another token>",
  }),
  noauth: flag().default(false).meta({
    description:
      "Lets everyone who reaches the server use /v1, and the calls of voice engines, without any token. Also as the flag --noauth.",
  }),
  upstreams: upstreamsSchema,
  lb_policy: policySchema,
  gateway: gatewaySchema,
  prices: pricesSchema,
  records: recordsSchema,
  providers: providersSchema,
  clocks: clocksSchema,
  chat: chatSchema,
  auth: authSchema,
  limits: limitsSchema,
  trusted_proxies: trustedProxiesSchema,
  cors: corsSchema,
  workers: whole(1, 64).default(1).meta({
    description:
      "How many processes serve together on the same addresses and the same database. Also as the flag --workers. One is the simplest; see docs/operations.md for when more pay.",
  }),
  drain_seconds: seconds(0, 3_600).default(30).meta({
    description:
      "How long answers under way may go on after the server was told to stop. What is cut off then can be resumed.",
  }),
  redis: redisSchema,
  tools: toolsSchema,
  speech: speechSchema,
  voice: voiceSchema,
  knowledge: knowledgeSchema,
  log: logSchema,
  metrics: metricsSchema,
  alerts: alertsSchema,
  hostname: line(253).optional().meta({
    description: "What records and alerts call this machine. Without this key: its own name.",
    example: "my-host",
  }),
  sqlite: sqliteSchema,
  rag: ragSchema,
  ...earlierGatewayKeys,
});

/** A configuration as its file, the environment and the flags say it, with the defaults filled in. */
export type ConfigFile = z.infer<typeof configSchema>;
