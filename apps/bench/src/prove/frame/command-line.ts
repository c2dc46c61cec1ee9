import { parseArgs } from "node:util";
import { requireNames, UnknownName } from "../../unknown-name.ts";
import type { Proof } from "./proof.ts";

/** What was asked for on the command line. */
export type ProveOptions = {
  readonly proofs: readonly Proof[];
  /** How many for each; undefined: a few, or with `full` as many as the figure needs. */
  readonly n: number | undefined;
  readonly isFull: boolean;
  /** A file for the outcomes as JSON. */
  readonly json: string | undefined;
  readonly seed: number;
};

const usage = (known: readonly Proof[]) =>
  `usage: npm run prove <${known.map(({ name }) => name).join(" | ")} | all> -- [--n N] [--full] [--json FILE] [--seed N]`;

/**
 * Reads what is to be proven.
 *
 * @throws UnknownName for what means nothing, with what there is.
 */
export function readProveOptions(args: readonly string[], known: readonly Proof[]): ProveOptions {
  const { values, positionals } = parse(args, known);
  if (positionals.length === 0) throw new UnknownName(usage(known));
  const names = known.map(({ name }) => name);
  const wanted = positionals.includes("all") ? names : requireNames(positionals, names);
  if (values.full && values.n !== undefined) {
    throw new UnknownName(
      "--full is the size of the figures that are kept; --n is any other. Give one of them.",
    );
  }
  return {
    proofs: known.filter(({ name }) => wanted.includes(name)),
    n: readWhole("--n", values.n),
    isFull: values.full,
    json: values.json,
    seed: readWhole("--seed", values.seed) ?? Math.floor(Math.random() * 1_000_000),
  };
}

function parse(args: readonly string[], known: readonly Proof[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        n: { type: "string" },
        full: { type: "boolean", default: false },
        json: { type: "string" },
        seed: { type: "string" },
      },
    });
  } catch (error) {
    throw new UnknownName(`${(error as Error).message}\n${usage(known)}`, { cause: error });
  }
}

function readWhole(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text.replaceAll(/[_,]/g, ""));
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new UnknownName(`${flag} has to be a whole number above 0, and is "${text}".`);
}
