import type { Lab } from "./lab.ts";
import type { Report } from "./report.ts";
import { measureBurst, measureRequests } from "./scenarios/burst.ts";
import { measureChat } from "./scenarios/chat.ts";
import { measureFirstToken } from "./scenarios/first-token.ts";
import { measurePool } from "./scenarios/growing-pool.ts";
import { measureRecords } from "./scenarios/growing-records.ts";
import { measureCrowd, measurePaced } from "./scenarios/paced.ts";

/** Everything that can be measured, by the name it has on the command line, in its order. */
export const scenarios = {
  burst: measureBurst,
  requests: measureRequests,
  chat: measureChat,
  paced: measurePaced,
  crowd: measureCrowd,
  "first-token": measureFirstToken,
  pool: measurePool,
  records: measureRecords,
} as const satisfies Readonly<Record<string, (lab: Lab) => Promise<Report>>>;

/** The name of a scenario. */
export type ScenarioName = keyof typeof scenarios;
