import { createRecordTail } from "@llm-backend/server";
import type { Storage } from "@llm-backend/storage";
import type { Command } from "commander";
import type { ConfigFlags } from "../config/overrides.ts";
import { addConfigOptions } from "./config-options.ts";
import { withDatabase } from "./open-database.ts";
import { toJsonLine, toNumber } from "./option-values.ts";
import { toRecordLine } from "./record-line.ts";
import { untilTold } from "./until-told.ts";

type TailFlags = ConfigFlags & {
  readonly lines: number;
  readonly follow: boolean;
  readonly json?: boolean;
};

const pollMs = 300;
const pageSize = 200;

/** `records …`: the calls that were made, also while a server writes them. */
export function addRecordCommands(program: Command): void {
  const records = program
    .command("records")
    .description("shows the calls under /v1, and the answers of chats");
  addConfigOptions(
    records
      .command("tail")
      .description("prints the latest records, and then each new one as a server writes it"),
  )
    .option("-n, --lines <number>", "how many of the latest to begin with", toNumber, 10)
    .option("--no-follow", "ends behind them")
    .option("--json", "one line of JSON for each")
    .action(tail);
}

async function tail(flags: TailFlags): Promise<void> {
  const last = Math.max(0, Math.trunc(flags.lines));
  await withDatabase(flags, async ({ storage }) => {
    const print = (record: WrittenRecord["record"]) =>
      process.stdout.write(flags.json === true ? toJsonLine(record) : toRecordLine(record));
    if (flags.follow) await follow(storage, { last, print });
    else await printLatest(storage, { last, print });
  });
}

type WrittenRecord = Awaited<ReturnType<Storage["records"]["listWritten"]>>[number];
type Printing = { readonly last: number; readonly print: (record: WrittenRecord["record"]) => boolean };

async function printLatest({ records }: Storage, { last, print }: Printing): Promise<void> {
  let after = await records.findPlace(last);
  for (let left = last; left > 0;) {
    const page = await records.listWritten({ after, limit: Math.min(left, pageSize) });
    for (const { seq, record } of page) {
      after = seq;
      print(record);
    }
    left = page.length === 0 ? 0 : left - page.length;
  }
}

/** Until a signal comes, or nobody reads any more. */
async function follow(storage: Storage, { last, print }: Printing): Promise<void> {
  using told = untilTold();
  const ended = new AbortController();
  const end = () => ended.abort();
  void told.first.then(end);
  process.stdout.on("error", end);
  // Looking for more keeps no process alive, and here there is nothing else.
  const alive = setInterval(() => {}, 60_000);
  try {
    const source = createRecordTail({ storage, pollMs, followersMax: 1 });
    for await (const { record } of source.follow({ last, signal: ended.signal })) {
      if (!print(record)) await drained(ended.signal);
    }
  } finally {
    clearInterval(alive);
    process.stdout.off("error", end);
  }
}

/** A reader that is slow is waited for: what it has not taken yet waits in the database. */
function drained(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    process.stdout.once("drain", resolve);
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
