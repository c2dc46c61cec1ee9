/**
 * The fake upstream as a process of its own, for load tests: `node main.ts --tokens 200 --tokens-per-second 50`.
 * It prints one line of JSON with its port and ends when its standard input does.
 */
import { parseArgs } from "node:util";
import { createFakeUpstream } from "./create-fake-upstream.ts";
import { createPacedUpstream, type Pace } from "./paced-upstream.ts";
import type { Reply } from "./reply-steps.ts";

const { values } = parseArgs({
  options: {
    port: { type: "string", default: "0" },
    tokens: { type: "string", default: "100" },
    /** A number, or `burst`. */
    "tokens-per-second": { type: "string", default: "burst" },
    "text-chars": { type: "string", default: "4" },
    "first-token-ms": { type: "string", default: "0" },
    /** A scripted reply as JSON; the pace then means nothing. */
    reply: { type: "string" },
  },
});

const rate = values["tokens-per-second"];
const pace: Pace = {
  tokens: Number(values.tokens),
  tokensPerSecond: rate === "burst" ? rate : Number(rate),
  textChars: Number(values["text-chars"]),
  firstTokenMs: Number(values["first-token-ms"]),
};
const port = Number(values.port);
const upstream =
  values.reply === undefined
    ? await createPacedUpstream(pace, port)
    : await createFakeUpstream({ port, reply: JSON.parse(values.reply) as Reply });

process.stdout.write(`${JSON.stringify({ port: upstream.port })}\n`);
process.stdin.resume().once("end", () => void upstream[Symbol.asyncDispose]());
