import type { OnDisconnect } from "@llm-backend/contract";

/** Who follows a run, and what becomes of the run when nobody does. */
export type RunPresence = {
  /** Somebody follows; the returned function says that they have left, however often it is called. */
  attach(): () => void;
  /** The run has ended: nothing is waited for any more. */
  close(): void;
};

/** Creates the presence of a run that has just started. `onAbandoned` is called at most once. */
export function createRunPresence(policy: OnDisconnect, onAbandoned: () => void): RunPresence {
  const graceMs = toGraceMs(policy);
  let followers = 0;
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;

  function close(): void {
    isClosed = true;
    clearTimeout(timer);
  }
  function abandon(): void {
    close();
    onAbandoned();
  }
  function wait(): void {
    if (isClosed || graceMs === undefined) return;
    if (graceMs === 0) abandon();
    else timer = setTimeout(abandon, graceMs);
  }
  function leave(): void {
    followers--;
    if (followers === 0) wait();
  }

  // Without a time, only who has come can leave: a run that is started here may be followed from elsewhere later.
  if (graceMs !== 0) wait();
  return {
    attach() {
      followers++;
      clearTimeout(timer);
      let isHere = true;
      return () => {
        if (isHere) leave();
        isHere = false;
      };
    },
    close,
  };
}

/** How long a run goes on without followers; undefined: to its end. */
function toGraceMs(policy: OnDisconnect): number | undefined {
  if (policy === "continue") return undefined;
  return policy === "cancel" ? 0 : policy.graceMs;
}
