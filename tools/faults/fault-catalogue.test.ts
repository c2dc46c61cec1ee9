import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { faults } from "./fault-catalogue.ts";
import { isHandled, readIds, readResults, toResults } from "./fault-results.ts";

const folder = new URL("../../apps/server/test/faults/", import.meta.url);
const testFiles = readdirSync(folder).filter((name) => name.endsWith(".test.ts"));

/** The ids in the texts of a file, as titles begin with them. */
const idsOf = (file: string): Set<string> => {
  const titles = readFileSync(new URL(file, folder), "utf8").matchAll(/["'`](U\d\d(?:, U\d\d)*)(?=[:"'`])/g);
  return new Set(Array.from(titles, ([, ids = ""]) => ids.split(", ")).flat());
};

describe("the catalogue of faults", () => {
  it("has all forty, in their order", () => {
    const all = Array.from({ length: 40 }, (_, index) => `U${String(index + 1).padStart(2, "0")}`);
    expect(faults.map(({ id }) => id)).toEqual(all);
  });

  it("names a file with tests for every fault", () => {
    for (const { id, tests } of faults) {
      expect(tests.length).toBeGreaterThan(0);
      for (const file of tests) {
        expect(testFiles).toContain(file);
      }
      expect(
        tests.some((file) => idsOf(file).has(id)),
        `${id} has no test in ${tests.join(", ")}`,
      ).toBe(true);
    }
  });

  it("knows every fault that a test names, in the file where it is named", () => {
    for (const file of testFiles) {
      for (const id of idsOf(file)) {
        expect(faults.map((fault) => fault.id)).toContain(id);
      }
      expect(
        faults.some(({ tests }) => tests.includes(file)),
        `${file} is in no line of the catalogue`,
      ).toBe(true);
    }
  });

  it("has a result of the last run for every fault", () => {
    for (const [id, { passed, failed }] of Object.entries(readResults())) {
      expect(passed + failed, `${id} did not run: npm run faults`).toBeGreaterThan(0);
    }
  });
});

describe("a run of all faults", () => {
  const test = (title: string, status = "passed", ancestorTitles: string[] = []) => ({
    title,
    status,
    ancestorTitles,
  });
  const run = (...assertionResults: ReturnType<typeof test>[]) =>
    toResults({ testResults: [{ assertionResults }] });

  it("is counted by the ids that titles begin with", () => {
    expect(readIds("U15, U16: no cut passes for an end (U17)")).toEqual(["U15", "U16"]);
    expect(readIds("no id, or U15")).toEqual([]);
    const results = run(
      test("U15, U16: a"),
      test("U16: b", "failed"),
      test("c", "skipped", ["all", "U17: d"]),
    );
    expect([results["U15"], results["U16"], results["U17"]]).toEqual([
      { passed: 1, failed: 0, skipped: 0 },
      { passed: 1, failed: 1, skipped: 0 },
      { passed: 0, failed: 0, skipped: 1 },
    ]);
    expect(Object.values(results).map(isHandled).filter(Boolean)).toHaveLength(1);
  });

  it("does not take a fault that nobody knows", () => {
    expect(() => run(test("U99: x"))).toThrow("U99");
  });
});
