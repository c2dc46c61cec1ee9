import { setTimeout as delay } from "node:timers/promises";
import { percentile } from "../../statistics.ts";
import { always, atMost, never, told } from "../frame/figure.ts";
import type { Figure, Proof } from "../frame/proof.ts";
import { createKey, registerAdmin } from "../stage/proof-user.ts";
import { startProofServer } from "../stage/start-proof-server.ts";
import { abortWays, type Abort } from "./abort-ways.ts";
import { findUnrecorded, type Expected, type Unrecorded } from "./find-unrecorded.ts";
import { findLeftBehind, readHeld, type Held } from "./left-behind.ts";
import { holdMs, startSlowUpstream, type Phase, type SlowUpstream } from "./slow-upstream.ts";

/** How many give up at the same time. */
const lanes = 8;
/** Before the server is looked at for the first time: what it opens once is not left behind. */
const warmup = 25;
const closedMsMax = 200;
/** How long it is waited for a call to be closed that should have been long ago. */
const patienceMs = 10_000;

/** Callers who give up, at any moment, and what is left of them. */
export const aborts: Proof = {
  name: "aborts",
  promise:
    "So many callers give up at a random moment, before the upstream's head, before its first token, or mid-stream: they " +
    "hang up on /v1 and on chat that is to end with its reader, or call chat.stop. The upstream is left at once, what " +
    "was used is in the books, and nothing stays behind in the server.",
  unit: "callers who give up",
  few: 100,
  many: 1000,
  async run({ n, random, progress }) {
    await using upstream = await startSlowUpstream();
    await using server = await startProofServer(upstream.url);
    const { url } = server;
    const token = await registerAdmin(server, "abortive");
    const place = { url, token, key: await createKey(url, token), upstream, random };
    await giveUp({ ...place, name: "warm", count: warmup, onAbort: () => {} });
    const before = await readHeld(server);
    const given = { ...place, name: "abort", count: n, onAbort: progress };
    const seen = await giveUp(given);
    const left = await findLeftBehind(server, before);
    const expected = {
      asked: seen.filter(({ phase }) => phase !== undefined).map(({ model }) => model),
      said: seen.filter(({ hasText }) => hasText).map(({ model }) => model),
    };
    const unrecorded = await findUnrecorded(place, expected);
    const warnings = server.logLines.filter((line) => line.includes("MaxListenersExceeded"));
    return [...toTimes(seen), ...toBooks(expected, unrecorded), ...toLeft(left), ...toWarnings(warnings)];
  },
};

type Seen = {
  readonly model: string;
  /** How far the answer was; undefined: the upstream was never asked. */
  readonly phase: Phase | undefined;
  readonly hasText: boolean;
  /** From the abort to the end of the upstream's connection. */
  readonly closedMs: number;
};

type GivingUp = Pick<Abort, "url" | "token" | "key"> & {
  readonly upstream: SlowUpstream;
  readonly random: () => number;
  readonly name: string;
  readonly count: number;
  readonly onAbort: (done: number) => void;
};

async function giveUp(given: GivingUp): Promise<Seen[]> {
  const seen: Seen[] = [];
  const indexes = Array.from({ length: given.count }, (_, index) => index).values();
  await Promise.all(
    Array.from({ length: lanes }, async () => {
      for (const index of indexes) {
        seen.push(await giveUpOnce(given, index));
        given.onAbort(seen.length);
      }
    }),
  );
  return seen;
}

async function giveUpOnce(given: GivingUp, index: number): Promise<Seen> {
  const { upstream, random, name } = given;
  const model = `${name}-${index}`;
  const way = abortWays[index % abortWays.length] as (typeof abortWays)[number];
  // As long as it takes to be mid-stream in one of three cases.
  const { at, hasText } = await way.play({ ...given, model, afterMs: random() * 3 * holdMs });
  const phase = upstream.find(model)?.phase;
  // A request that was on its way may reach the upstream a moment later, to be given up there.
  await delay(2 * holdMs);
  const call = upstream.find(model)?.call;
  if (call === undefined) return { model, phase: undefined, hasText, closedMs: 0 };
  const closed = await Promise.race([call.closed, delay(patienceMs, { at: Infinity }, { ref: false })]);
  const closedMs = closed.at - Math.max(at, call.at);
  return { model, phase: phase ?? "before the head", hasText, closedMs };
}

function toTimes(seen: readonly Seen[]): Figure[] {
  const reached = seen.filter(({ phase }) => phase !== undefined);
  const times = reached.map(({ closedMs }) => closedMs);
  const late = times.filter((ms) => ms > closedMsMax);
  const phases = [...Map.groupBy(seen, ({ phase }) => phase ?? "before the upstream was asked")];
  return [
    told("how far the answers were", phases.map(([phase, { length }]) => `${phase} ${length}`).join(", ")),
    always(`upstream closed within ${closedMsMax} ms`, {
      good: times.length - late.length,
      all: times.length,
    }),
    told("until the upstream is closed: p50, p99", `${toMs(times, 50)}, ${toMs(times, 99)}`),
    atMost("until the upstream is closed: longest", Math.max(0, ...times), { max: closedMsMax, unit: "ms" }),
  ];
}

const toMs = (times: readonly number[], percent: number) => `${percentile(times, percent).toFixed(1)} ms`;

function toBooks({ asked }: Expected, found: Unrecorded): Figure[] {
  const toFigure = (figure: string, all: readonly string[], lacking: readonly string[]) => {
    const counted = always(figure, { good: all.length - lacking.length, all: all.length });
    const first = lacking.length === 0 ? "" : `; not ${lacking.slice(0, 3).join(", ")}`;
    return { ...counted, measured: counted.measured + first };
  };
  return [
    toFigure("calls of an upstream that have a record", asked, found.withoutRecord),
    toFigure(
      "records that say what was used: the prompt, and the text where some had come",
      asked,
      found.withoutUsage,
    ),
    toFigure("lines in the ledger", asked, found.withoutLine),
  ];
}

function toLeft({ files, handles, timers }: Held): Figure[] {
  return [
    never("files and sockets left open", files),
    never("handles left", handles),
    never("timers left", timers),
  ];
}

const toWarnings = (warnings: readonly string[]) => [never("warnings of too many listeners", warnings)];
