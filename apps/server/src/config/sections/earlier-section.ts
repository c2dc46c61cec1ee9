import { z } from "zod";
import { oneOf, path, section, text, whole } from "../scalar-schemas.ts";
import { timeoutSchema } from "./earlier-upstream-keys.ts";

// Numbers that no longer mean anything are only asked to be numbers.
const anyWhole = () => whole(-1, Number.MAX_SAFE_INTEGER).optional();

/** `sqlite`, as the earlier backend had it. */
export const sqliteSchema = section({
  path: path("the earlier system's SQLite file").optional().meta({
    description:
      "The earlier backend's database. It is left as it is; this server's data goes into a folder beside it.",
    example: "./llm_backend.db",
  }),
  max_open_conns: anyWhole().meta({ description: "No longer means anything.", example: 10 }),
  max_idle_conns: anyWhole().meta({ description: "No longer means anything.", example: 5 }),
  conn_max_lifetime: anyWhole().meta({ description: "No longer means anything.", example: 0 }),
})
  .optional()
  .meta({ description: "Accepted from the earlier backend." });

/** `rag`, as the earlier backend had it. */
export const ragSchema = section({
  service_addr: text(512).optional().meta({
    description: "No longer means anything: see knowledge.",
    example: "localhost:50051",
  }),
})
  .optional()
  .meta({ description: "Accepted from the earlier backend." });

/** The top-level keys that only the earlier gateway's file has. */
export const earlierGatewayKeys = {
  dbtype: oneOf(["sqlite", "postgres", "none"]).optional().meta({
    description:
      "Accepted from the earlier gateway, which kept its records there; none: no records are kept. This server has its own database.",
    example: "sqlite",
  }),
  dbaddr: z.string({ error: "expected the path of a file or a Postgres address" }).optional().meta({
    description:
      "Accepted from the earlier gateway. With dbtype sqlite, this server's data goes into a folder beside it.",
    example: "./db.sqlite",
  }),
  timeout: timeoutSchema().meta({
    description:
      "As in the earlier gateway: clocks.whole_answer_seconds; with a single upstream also that of streamed answers.",
    example: 120,
  }),
  stream_timeout: timeoutSchema().meta({
    description: "As in the earlier gateway: clocks.first_byte_seconds while there are several upstreams.",
    example: 10,
  }),
};
