/** A key, and what was sent under it. */
export type SentKey = { readonly key: string; readonly message: string; readonly conversationId: number };

/** What came of all keys; texts name the cases of what must not be. */
export type SendTally = {
  readonly keys: SentKey[];
  sends: number;
  conflicts: number;
  neverAsked: number;
  readonly missing: string[];
  readonly doubled: string[];
  readonly strangers: string[];
  readonly billedTwice: string[];
  readonly runsApart: string[];
  /** Another text under a used key that was not refused. */
  readonly accepted: string[];
  /** Sends with an answer that none of them should get. */
  readonly refused: string[];
};

/** A tally of nothing yet. */
export function createSendTally(): SendTally {
  return {
    keys: [],
    sends: 0,
    conflicts: 0,
    neverAsked: 0,
    missing: [],
    doubled: [],
    strangers: [],
    billedTwice: [],
    runsApart: [],
    accepted: [],
    refused: [],
  };
}
