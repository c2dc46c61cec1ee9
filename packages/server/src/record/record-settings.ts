/** What an operator can set of records. */
export type RecordSettings = {
  /** Whether requests are recorded at all. */
  readonly isEnabled: boolean;
  /** Whether what was asked and answered under /v1 is kept: not at all, its beginning, or as it was. */
  readonly bodies: "off" | "truncated" | "whole";
  /** How many characters of each are kept where they are truncated. */
  readonly bodyCharsMax: number;
  readonly keptMs: number;
  /** How much room records may take, about: beyond that the oldest go first. */
  readonly bytesMax: number;
  /** What records call this machine. */
  readonly hostname: string | null;
};

/** What holds where nothing was set. */
export const defaultRecordSettings: RecordSettings = {
  isEnabled: true,
  bodies: "truncated",
  bodyCharsMax: 16_384,
  keptMs: 30 * 86_400_000,
  bytesMax: 1024 * 1_000_000,
  hostname: null,
};

/** A body that is kept whole waits in memory to be written: no more of it is ever kept. */
const wholeCharsMax = 8 * 1024 * 1024;

/** How many characters of a request's body, and of an answer's text, are kept. */
export function toBodyCharsMax({ isEnabled, bodies, bodyCharsMax }: RecordSettings): number {
  if (!isEnabled || bodies === "off") return 0;
  return bodies === "whole" ? wholeCharsMax : Math.min(bodyCharsMax, wholeCharsMax);
}
