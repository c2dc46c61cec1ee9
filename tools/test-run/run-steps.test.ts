import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { runSteps } from "./run-steps.ts";

const lines: string[] = [];
beforeEach(() => {
  vi.spyOn(console, "log").mockImplementation((line: string) => lines.push(line));
});
afterEach(() => {
  lines.length = 0;
});

it("runs every step even if one fails, and counts the failures", async () => {
  const failed = await runSteps([
    { name: "first", args: ["-e", "console.log('what is wrong'); process.exit(2)"] },
    { name: "second", args: ["-e", "console.log('not shown')"] },
    { name: "third", args: ["-e", "throw new Error('thrown')"] },
  ]);
  expect(failed).toBe(2);
  const text = lines.join("\n");
  expect(text).toMatch(/FAILED {2}first \(\d+\.\d s\)\nwhat is wrong/);
  expect(text).toMatch(/passed {2}second/);
  expect(text).toMatch(/FAILED {2}third[\s\S]*thrown/);
  expect(text).not.toContain("not shown");
});
