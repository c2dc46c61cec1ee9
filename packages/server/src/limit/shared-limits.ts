// What processes that serve together count together. Every answer may be `undefined`: nobody could be asked in time, and
// the count of this process, which goes on beside it, has to do.

/** What was counted in a window, and when it begins anew. */
export type WindowCount = { readonly count: number; readonly resetMs: number };

/** Counts in windows of a fixed length, each of which begins with its first count. */
export type WindowCounter = {
  /** Adds to what was counted under a key; an amount below zero takes back, but never makes less than nothing. */
  add(key: string, amount: number): Promise<WindowCount | undefined>;
  /** Begins anew. */
  forget(key: string): Promise<void>;
};

/** What a request needs of a minute; without a limit there is nothing to be refused, but it is counted. */
export type RateDemand = {
  readonly requestsPerMinute: number | null;
  readonly tokensPerMinute: number | null;
  readonly tokens: number;
};

/** What was used within the last minute, and when all of it is forgotten. */
export type RateUse = { readonly requests: number; readonly tokens: number; readonly resetMs: number };

/** What came of a demand. */
export type RateVerdict =
  | { readonly isTaken: true; readonly used: RateUse; readonly taken: TakenRate }
  | { readonly isTaken: false; readonly which: "requests" | "tokens"; readonly waitMs: number };

/** A request that was counted. Neither is waited for. */
export type TakenRate = {
  /** It has used so many tokens more, or fewer, than it was expected to. */
  correct(tokens: number): void;
  /** It never began: it counts for nothing. */
  cancel(): void;
};

/** A place of which there are only so many; whoever dies with one loses it within a minute. */
export type Place = { release(): void };

/** The counts that processes share. */
export type SharedLimits = {
  openWindow(name: string, seconds: number): WindowCounter;
  takeRate(name: string, demand: RateDemand): Promise<RateVerdict | undefined>;
  takePlace(name: string, placesMax: number): Promise<Place | "full" | undefined>;
};
