import type { StartedRun } from "@llm-backend/contract";
import type { Caller } from "@llm-backend/server";
import type { OpenedRun } from "./route.ts";

/** Opens the answer that a request has started or joined, from its beginning. @throws DomainError `rate_limited` */
export async function openStarted(
  caller: Caller,
  { runId, state }: Pick<StartedRun, "runId" | "state">,
): Promise<OpenedRun> {
  const events = await caller.chat.follow({ runId });
  return { events, lastEventId: undefined, isOver: state !== "streaming" };
}
