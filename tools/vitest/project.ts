import { fileURLToPath } from "node:url";
import { defineProject, type UserWorkspaceConfig } from "vitest/config";

/** The condition under which a workspace package exports its source instead of its build. */
export const sourceCondition = "@llm-backend/source";

/** What vite resolves with on a server by itself; a list of conditions replaces these. */
const serverConditions = ["module", "node", "development|production"];

/**
 * The test configuration that every package shares.
 *
 * @param name - The package's folder name; `--project <name>` selects it.
 */
export function project(name: string): UserWorkspaceConfig {
  return defineProject({
    ssr: { resolve: { conditions: [sourceCondition, ...serverConditions] } },
    test: {
      name,
      include: ["**/*.test.ts"],
      exclude: ["**/node_modules/**", "**/dist/**"],
      setupFiles: [fileURLToPath(new URL("./setup.ts", import.meta.url))],
      // Processes, because native modules and signals are under test.
      pool: "forks",
      // Said here, because a project does not take it from the workspace: it would be one worker on two cores.
      maxWorkers: 3,
      testTimeout: 20_000,
      hookTimeout: 20_000,
      restoreMocks: true,
      unstubEnvs: true,
      unstubGlobals: true,
    },
  });
}
