import type { FaultStage } from "./fault-stage.ts";

/** I8: metrics and records tell of the fault, and of nothing else. Filled as metrics and records come. */
export async function judgeTraces(_stage: FaultStage): Promise<void> {
  await Promise.resolve();
}
