import type { StartedRun } from "@llm-backend/contract";
import type { Run } from "@llm-backend/storage";

/** What of a run its user is told when it starts. */
export function toStartedRun(run: Run): StartedRun {
  return {
    runId: run.id,
    conversationId: run.conversationId,
    userMessageId: run.userMessageId,
    assistantMessageId: run.assistantMessageId,
    state: run.state,
  };
}
