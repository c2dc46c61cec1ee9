import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { readProveOptions } from "../../src/prove/frame/command-line.ts";
import { always, atLeast, atMost, never, told } from "../../src/prove/frame/figure.ts";
import { isProven, renderOutcome, type Outcome } from "../../src/prove/frame/outcome.ts";
import type { Proof } from "../../src/prove/frame/proof.ts";
import { reliabilityPage, replaceOutcome } from "../../src/prove/frame/reliability-page.ts";
import { runProof } from "../../src/prove/frame/run-proof.ts";
import { proofs } from "../../src/prove/proofs.ts";

const proof = (name: string, run: Proof["run"]): Proof => ({
  name,
  promise: "It works.",
  unit: "tries",
  few: 1,
  many: 2,
  run,
});
const known = [proof("one", async () => []), proof("two", async () => [])];
const silent = { output: { write: () => true }, seed: 1, n: 1 };

it("holds only what was measured to hold", () => {
  expect(never("lost", [])).toMatchObject({ measured: "0", holds: true });
  expect(never("lost", ["a", "b", "c", "d"])).toMatchObject({ measured: "4: a; b; c", holds: false });
  expect(always("whole", { good: 2, all: 2 })).toMatchObject({ measured: "100 % of 2", holds: true });
  expect(always("whole", { good: 99_999, all: 100_000 })).toMatchObject({ holds: false });
  expect(always("whole", { good: 0, all: 0 }).holds).toBe(false);
  expect(atMost("late", 250.4, { max: 250, unit: "ms" }).holds).toBe(false);
  expect(atMost("late", Number.NaN, { max: 250, unit: "ms" }).holds).toBe(false);
  expect(atLeast("cuts", 9, 10).holds).toBe(false);
  expect(told("cuts", 1234)).toEqual({ figure: "cuts", measured: "1,234", asked: "", holds: true });
});

it("reads which proofs, and how large", () => {
  const read = (...args: string[]) => readProveOptions(args, known);
  expect(read("two", "--n", "5,000", "--seed", "3")).toMatchObject({ n: 5000, seed: 3, isFull: false });
  expect(read("all", "--full").proofs).toHaveLength(2);
  expect(read("two", "one").proofs.map(({ name }) => name)).toEqual(["one", "two"]);
  expect(() => read()).toThrow("usage: npm run prove <one | two | all>");
  expect(() => read("three")).toThrow("Unknown: three. There are: one, two.");
  expect(() => read("one", "--n", "-1")).toThrow("--n");
  expect(() => read("one", "--n", "many")).toThrow('is "many"');
  expect(() => read("one", "--full", "--n", "5")).toThrow("Give one of them");
  expect(() => read("one", "--fast")).toThrow("usage:");
});

it("takes a proof that broke off, or that measured nothing, for one that does not hold", async () => {
  const broken = await runProof(
    proof("one", async () => {
      throw new Error("no disk");
    }),
    silent,
  );
  expect(isProven(broken)).toBe(false);
  expect(renderOutcome(broken)).toContain("no disk");
  expect(
    isProven(
      await runProof(
        proof("one", async () => []),
        silent,
      ),
    ),
  ).toBe(false);
  expect(
    isProven(
      await runProof(
        proof("one", async () => [never("lost", [])]),
        silent,
      ),
    ),
  ).toBe(true);
});

it("gives the same random numbers for the same seed", async () => {
  const draw = async (seed: number) => {
    const one = proof("one", async ({ random }) => [told("drawn", String([random(), random()]))]);
    return (await runProof(one, { ...silent, seed })).figures;
  };
  expect(await draw(5)).toEqual(await draw(5));
  expect(await draw(5)).not.toEqual(await draw(6));
});

it("keeps the outcome of a full run between the marks of its proof, and touches nothing else", () => {
  const page = "a\n<!-- prove one -->\nyesterday\n<!-- end of one -->\nb\n";
  const outcome: Outcome = {
    name: "one",
    n: 1000,
    unit: "tries",
    seed: 1,
    seconds: 125,
    date: "2026-11-22",
    machine: "a machine",
    load: 0.25,
    commit: "0123456789",
    figures: [never("lost", ["x | y"])],
  };
  const kept = replaceOutcome(page, outcome);
  expect(kept).toContain("| lost   | 1: x \\| y |     0 |    NO |");
  expect(kept).toContain(
    "1,000 tries in 2 min 5 s, seed 1; 2026-11-22, a machine, load before 0.3, commit 0123456789",
  );
  expect(kept).not.toContain("yesterday");
  expect(replaceOutcome(kept, outcome)).toBe(kept);
  expect(() => replaceOutcome("a", outcome)).toThrow("<!-- prove one -->");
});

it("has marks for every proof in docs/reliability.md", () => {
  const page = readFileSync(reliabilityPage, "utf8");
  for (const { name } of proofs) {
    expect(page).toContain(`<!-- prove ${name} -->\n`);
    expect(page).toContain(`<!-- end of ${name} -->`);
  }
});
