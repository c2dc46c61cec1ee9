/**
 * Prints what streaming costs, side by side with a plain pass-through of the same upstream in the same run.
 * `npm run bench -- [burst] [first-token] [paced] [--quick]`
 */
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { measureBurst } from "./measure-burst.ts";
import { measureFirstToken } from "./measure-first-token.ts";
import { measurePaced } from "./measure-paced.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    /** Small sizes: shows that everything works, not what it costs. */
    quick: { type: "boolean", default: false },
    rounds: { type: "string" },
    streams: { type: "string" },
  },
});
const { quick } = values;
const rounds = Number(values.rounds ?? (quick ? 1 : 7));
const streams = Number(values.streams ?? (quick ? 20 : 1000));

const measures: Readonly<Record<string, () => Promise<string>>> = {
  burst: () => measureBurst({ rounds, answers: quick ? 8 : 64, concurrency: 8, tokens: quick ? 200 : 2000 }),
  "first-token": () => measureFirstToken({ asks: quick ? 5 : 300 }),
  paced: () => measurePaced({ streams, tokensPerSecond: quick ? 20 : 10, seconds: quick ? 2 : 20 }),
};

const unknown = positionals.filter((name) => !Object.hasOwn(measures, name));
if (unknown.length > 0) {
  process.stderr.write(`Unknown: ${unknown.join(", ")}. There are: ${Object.keys(measures).join(", ")}.\n`);
  process.exit(2);
}
process.stdout.write(`Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? "unknown"}\n`);
for (const [name, measure] of Object.entries(measures)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  process.stdout.write(`\n${await measure()}\n`);
}
