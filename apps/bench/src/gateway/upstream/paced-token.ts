/** Digits of a token's number. */
const numberChars = 6;
/** Digits of a time in microseconds. */
const timeChars = 14;

/** How many characters a paced token has: number, blank, time, blank. */
export const tokenChars = numberChars + 1 + timeChars + 1;

/** What stands where a token will be written. */
export const tokenPlace = "#".repeat(tokenChars);

/** Microseconds on a clock that all processes of this machine share. */
export function readClock(): number {
  return Number(process.hrtime.bigint() / 1000n);
}

/** Writes a token into its place. */
export function writeToken(bytes: Buffer, at: number, token: { number: number; sentAt: number }): void {
  writeDigits(bytes, token.number, { at, chars: numberChars });
  bytes[at + numberChars] = 0x20;
  writeDigits(bytes, token.sentAt, { at: at + numberChars + 1, chars: timeChars });
  bytes[at + tokenChars - 1] = 0x20;
}

function writeDigits(bytes: Buffer, value: number, place: { at: number; chars: number }): void {
  let rest = value;
  for (let at = place.at + place.chars - 1; at >= place.at; at--) {
    bytes[at] = 0x30 + (rest % 10);
    rest = Math.floor(rest / 10);
  }
}

/** Reads a token from a text that holds all of it; its number is NaN when none stands there. */
export function readToken(text: string, at: number): { readonly number: number; readonly sentAt: number } {
  const timeAt = at + numberChars + 1;
  return {
    number: Number(text.slice(at, at + numberChars)),
    sentAt: Number(text.slice(timeAt, timeAt + timeChars)),
  };
}
