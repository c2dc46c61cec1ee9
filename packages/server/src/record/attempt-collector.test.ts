import { expect, it } from "vitest";
import { toReport } from "../../test/record-facts.ts";
import { createAttemptCollector } from "./attempt-collector.ts";

it("hands out the attempts of a run, in their order, once", () => {
  const collector = createAttemptCollector();
  const reports = ["reset", "done"].map((outcome) =>
    toReport({ requestId: "run_1", outcome: outcome as "done" }),
  );
  for (const report of reports) {
    collector.collect(report);
    collector.collect(toReport({ requestId: "run_2" }));
  }
  expect(collector.take("run_1")).toEqual(reports);
  expect(collector.take("run_1")).toEqual([]);
  expect(collector.take("run_2")).toHaveLength(2);
});

it("keeps nothing of requests that are no runs", () => {
  const collector = createAttemptCollector();
  collector.collect(toReport({ requestId: "req_1" }));
  expect(collector.take("req_1")).toEqual([]);
});

it("forgets the oldest runs that nobody asks for, and the latest of endless attempts", () => {
  const collector = createAttemptCollector();
  for (let index = 0; index <= 10_000; index++) collector.collect(toReport({ requestId: `run_${index}` }));
  expect(collector.take("run_0")).toEqual([]);
  expect(collector.take("run_1")).toHaveLength(1);
  for (let index = 0; index < 100; index++)
    collector.collect(toReport({ requestId: "run_2", totalMs: index }));
  expect(collector.take("run_2").at(-1)?.totalMs).toBe(62);
});
