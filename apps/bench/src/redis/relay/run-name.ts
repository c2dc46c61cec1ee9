/** A run that is to be played. */
export type PlayedRun = { readonly pieces: number; readonly everyMs: number };

/** Names a run after what it is; `nonce` tells it from others like it. */
export function toRunName({ pieces, everyMs }: PlayedRun, nonce: string): string {
  return `${pieces}-${everyMs}-${nonce}`;
}

/** Reads such a name. */
export function readRunName(name: string): PlayedRun {
  const [pieces, everyMs] = name.split("-").map(Number);
  return { pieces: pieces as number, everyMs: everyMs as number };
}

/** A time that all processes of the machine have in common, in nanoseconds. */
export function toClock(): string {
  return process.hrtime.bigint().toString();
}

/** How long ago that was, in microseconds. */
export function readClock(time: string, now: bigint): number {
  return Number(now - BigInt(time)) / 1000;
}
