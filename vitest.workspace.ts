import { defineConfig } from "vitest/config";
import { SummaryReporter } from "./tools/vitest/summary-reporter.ts";

// Vitest does not find this file by itself: every call names it (`vitest --config vitest.workspace.ts`).
export default defineConfig({
  test: {
    projects: ["packages/*", "apps/*", "tools"],
    reporters: ["default", new SummaryReporter({ file: process.env.TEST_SUMMARY_FILE })],
    // Two cores are what a build machine has. Many tests wait for servers, so a third keeps both busy; more of them would
    // make tests of times wait for each other.
    maxWorkers: 3,
  },
});
