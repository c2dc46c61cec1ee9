import { mergeConfig } from "vitest/config";
import { project } from "../../tools/vitest/project.ts";

/** What is marked as concurrent starts servers: more at once would be slower on two cores. */
export default mergeConfig(project("bench"), { test: { maxConcurrency: 2 } });
