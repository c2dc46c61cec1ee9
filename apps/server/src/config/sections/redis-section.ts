import { z } from "zod";
import { flag, line, section, text, whole } from "../scalar-schemas.ts";

// No "expected …": such a message shows what stands there instead, and that may have a password in it.
const urlExpectation = "has to be redis://, rediss:// or unix:// with an address";

const urlSchema = z.string({ error: urlExpectation }).refine(
  (value) => {
    const url = URL.parse(value);
    if (url === null) return false;
    return url.protocol === "unix:"
      ? url.pathname.length > 1
      : /^rediss?:$/.test(url.protocol) && url.hostname !== "";
  },
  { error: urlExpectation },
);

/** `redis`: our keys, and those that the earlier backend had (`address`, `password`, `db`). */
export const redisSchema = section({
  url: urlSchema.optional().meta({
    description:
      "Where it is: redis://user:password@host:port/db, rediss:// for TLS, or unix:///path of a socket. The keys below are stronger.",
    example: "redis://127.0.0.1:6379/0",
  }),
  address: text(512).optional().meta({
    description: "host:port, as in the earlier backend.",
    example: "localhost:6379",
  }),
  host: line(253).optional().meta({ description: "The host, instead of address.", example: "127.0.0.1" }),
  port: whole(1, 65_535).optional().meta({ description: "The port that goes with it.", example: 6379 }),
  username: text(256).optional().meta({ description: "The user of an ACL.", example: "" }),
  password: text(4_096).optional().meta({ description: "The password, empty for none.", example: "" }),
  db: whole(0, 1_000_000).optional().meta({ description: "The number of the database.", example: 0 }),
  tls: flag().optional().meta({ description: "Speaks TLS to it.", example: false }),
  key_prefix: line(64).default("llm-backend:").meta({
    description:
      "What every key and channel of this server begins with. Processes that share a database file share it.",
  }),
  relay: flag().default(false).meta({
    description:
      "With serve --workers: whether workers reach each other's answers through Redis. Without it they use sockets of their machine, which is faster.",
  }),
  required: flag().default(false).meta({
    description: "Whether /readyz says no while Redis does not answer. Requests are answered either way.",
  }),
})
  .optional()
  .meta({
    description:
      "Redis, for several processes: limits that they share, ended sessions, live text for readers at another process. It holds nothing that cannot be made anew; one process alone is fastest without it.",
  });
