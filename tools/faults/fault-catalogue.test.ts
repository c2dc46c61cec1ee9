import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { faults, sections } from "./fault-catalogue.ts";
import { isHandled, mergeResults, readIds, readResults, toResults } from "./fault-results.ts";

const folder = new URL("../../apps/server/test/faults/", import.meta.url);
const testFiles = readdirSync(folder).filter((name) => name.endsWith(".test.ts"));

/** The ids in the texts of a file, as titles begin with them. */
const idsOf = (file: string): Set<string> => {
  const titles = readFileSync(new URL(file, folder), "utf8").matchAll(
    /["'`]([UCP]\d\d(?:, [UCP]\d\d)*)(?=[:"'`])/g,
  );
  return new Set(Array.from(titles, ([, ids = ""]) => ids.split(", ")).flat());
};

describe("the catalogue of faults", () => {
  it("has the faults of each origin in their order", () => {
    for (const { letter, faults: listed } of sections) {
      const ids = listed.map(({ id }) => id);
      expect(ids).toEqual(ids.toSorted());
      expect(ids.filter((id) => !id.startsWith(letter))).toEqual([]);
      expect(new Set(ids).size).toBe(ids.length);
    }
    expect(faults.filter(({ id }) => id.startsWith("U"))).toHaveLength(40);
  });

  it("names a file with tests for every fault that does not wait", () => {
    for (const { id, tests } of faults.filter(({ waits }) => waits === undefined)) {
      expect(tests.length).toBeGreaterThan(0);
      expect(
        tests.some((file) => idsOf(file).has(id)),
        `${id} has no test in ${tests.join(", ")}`,
      ).toBe(true);
    }
    expect(testFiles).toEqual(expect.arrayContaining(faults.flatMap(({ tests }) => tests)));
  });

  it("lets few faults wait, and says for what", () => {
    const reasons = faults.flatMap(({ waits }) => waits ?? []);
    expect(reasons.length).toBeLessThanOrEqual(8);
    for (const reason of reasons) expect(reason).toMatch(/\w{3}/);
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
    const results = readResults();
    for (const { id } of faults.filter(({ waits }) => waits === undefined)) {
      const { passed = 0, failed = 0 } = results[id] ?? {};
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
    expect(faults.filter((fault) => isHandled(fault, results)).map(({ id }) => id)).toEqual(["U15"]);
    expect(isHandled({ id: "U15", waits: "another host" }, results)).toBe(false);
  });

  it("of some files replaces only what it has run", () => {
    const merged = mergeResults(run(test("U15: a"), test("U16: b", "failed")), run(test("U16: b")));
    expect([merged["U15"], merged["U16"], merged["U17"]]).toEqual([
      { passed: 1, failed: 0, skipped: 0 },
      { passed: 1, failed: 0, skipped: 0 },
      { passed: 0, failed: 0, skipped: 0 },
    ]);
  });

  it("does not take a fault that nobody knows", () => {
    expect(() => run(test("U99: x"))).toThrow("U99");
  });
});
