import { toUnreachable } from "../error/to-llm-backend-error.ts";
import { withRetry, type Retrying } from "../retry/with-retry.ts";
import type { TrackedRunEvent } from "../wire-types.ts";
import { isTerminalEvent } from "./chat-result.ts";

/** Where a reader of a run stands. */
export type RunPosition = {
  /** Undefined until the server has said which run it is. */
  readonly runId: string | undefined;
  readonly lastEventId: string | undefined;
};

/** Opens one connection to a run, behind a position. */
export type ConnectToRun = (position: RunPosition) => AsyncIterable<TrackedRunEvent>;

/** Reads a run to its terminal event, over as many connections as it takes, each behind the last event seen. */
export function readRun(
  connect: ConnectToRun,
  options: Retrying & { readonly from: RunPosition },
): AsyncGenerator<TrackedRunEvent, void> {
  let { runId, lastEventId } = options.from;

  async function* open(): AsyncGenerator<TrackedRunEvent, void> {
    for await (const item of connect({ runId, lastEventId })) {
      lastEventId = item.id;
      runId = toRunId(item.id);
      yield item;
      if (isTerminalEvent(item.data)) return;
    }
    throw toUnreachable(new Error("the stream ended before the answer did"));
  }
  return withRetry(open, options);
}

/** The run that an event id belongs to: `run_…:1234`. */
export function toRunId(eventId: string): string {
  return eventId.slice(0, eventId.lastIndexOf(":"));
}
