import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { sourceEnvironment } from "@llm-backend/testing";
import { expect, it } from "vitest";
import type { Outcome } from "../../src/prove/frame/outcome.ts";

const main = fileURLToPath(new URL("../../src/prove/main.ts", import.meta.url));

/** Times, which may be longer on a machine that does other things as well, and memory, of which a few say nothing. */
const timed =
  /^(text lost per kill|ready again|one process: from the signal|.*upstream (is )?closed|slower than|until a reply|heap after|.*resident memory)/;

// They wait more than they work, so two go on at a time (the configuration beside says how many).
it.concurrent.each([
  ["kills", 2, "acknowledged messages lost"],
  ["resume", 24, "joined text is what the upstream said, byte for byte"],
  ["sends", 12, "keys with exactly one message"],
  ["drain", 6, "workers: requests that failed"],
  ["streams", 15, "chat: tokens from another stream"],
  ["memory", 1500, "/v1: pushed by the upstream for each, without those"],
  ["hostile", 300, "replies off schema"],
  ["aborts", 30, "lines in the ledger"],
])("%s holds at a small size", { timeout: 60_000 }, async (name, n, figure) => {
  const folder = await mkdtemp(join(tmpdir(), "llm-backend-prove-"));
  await using _ = { [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
  const json = join(folder, "outcomes.json");
  const args = [
    "--conditions=@llm-backend/source",
    main,
    name,
    "--n",
    String(n),
    "--seed",
    "7",
    "--json",
    json,
  ];
  // Exit code 1 as well, where a time does not hold.
  await promisify(execFile)(process.execPath, args, { env: { ...process.env, ...sourceEnvironment } }).catch(
    () => {},
  );
  const [outcome] = JSON.parse(await readFile(json, "utf8")) as Outcome[];
  expect(outcome?.figures.map((one) => one.figure)).toContain(figure);
  expect(outcome?.figures.filter((one) => !one.holds && !timed.test(one.figure))).toEqual([]);
});

it("names what there is when something else is asked for", async () => {
  const run = promisify(execFile)(process.execPath, ["--conditions=@llm-backend/source", main, "kils"], {
    env: { ...process.env, ...sourceEnvironment },
  });
  await expect(run).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringContaining(
      "Unknown: kils. There are: kills, resume, sends, drain, streams, aborts, memory, hostile",
    ) as string,
  });
});
