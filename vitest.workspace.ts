import { defineConfig } from "vitest/config";
import { SummaryReporter } from "./tools/vitest/summary-reporter.ts";

// Vitest does not find this file by itself: every call names it (`vitest --config vitest.workspace.ts`).
export default defineConfig({
  test: {
    projects: ["packages/*", "apps/*", "tools"],
    reporters: ["default", new SummaryReporter({ file: process.env.TEST_SUMMARY_FILE })],
    // Two cores are what a build machine has; more workers make timing tests wait for each other.
    maxWorkers: 2,
  },
});
