import { randomBytes } from "node:crypto";
import type { IdPrefix } from "@llm-backend/contract";

/** Makes ids. Both kinds sort by the time at which they were made. */
export type NewId = {
  /** An id like `run_01j9…`: 48 bits of time, 80 bits of chance. */
  text(prefix: IdPrefix): string;
  /**
   * A 53-bit integer: 41 bits of milliseconds since 2025, 12 bits that begin at random and count on within a
   * millisecond. Two processes may, rarely, make the same one: insert it under a unique key and take the next.
   */
  integer(): number;
};

const alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
const epochMs = Date.UTC(2025, 0, 1);
const counterSize = 4096;

/** Creates a generator that never makes the same id twice, and none that sorts before an earlier one. */
export function createNewId(now: () => number): NewId {
  let lastText = 0;
  let lastRandom = new Uint8Array(10);
  let lastInteger = 0;
  return {
    text(prefix) {
      // A clock that was set back must not make ids that sort before those of messages already written.
      const time = now();
      if (time > lastText) {
        lastText = time;
        lastRandom = new Uint8Array(randomBytes(10));
        // Room to count up.
        lastRandom[0] = (lastRandom[0] as number) & 0x7f;
      } else {
        increment(lastRandom);
      }
      return `${prefix}_${encode(lastText, lastRandom)}`;
    },
    integer() {
      const start = (now() - epochMs) * counterSize + (randomBytes(2).readUInt16BE() % (counterSize / 2));
      lastInteger = Math.max(lastInteger + 1, start);
      return lastInteger;
    },
  };
}

/** An id that sorts before every one that is made at this time or later, and behind every earlier one. */
export function toIdBound(prefix: IdPrefix, ms: number): string {
  return `${prefix}_${encodeTime(Math.min(Math.max(Math.floor(ms), 0), 2 ** 50 - 1))}`;
}

function increment(bytes: Uint8Array): void {
  for (let index = bytes.length - 1; index >= 0; index--) {
    bytes[index] = ((bytes[index] as number) + 1) & 0xff;
    if (bytes[index] !== 0) return;
  }
}

/** Ids are kept by the thousand: written here first, each becomes one flat string, and not a chain of pieces. */
const letters = Buffer.alloc(26, alphabet[0]);
const alphabetCodes = Buffer.from(alphabet);
const timeChars = 10;

function encodeTime(ms: number): string {
  writeTime(ms);
  return letters.toString("latin1", 0, timeChars);
}

function encode(ms: number, bytes: Uint8Array): string {
  writeTime(ms);
  return letters.toString("latin1", 0, writeBytes(bytes, timeChars));
}

function encodeBytes(bytes: Uint8Array): string {
  return letters.toString("latin1", 0, writeBytes(bytes, 0));
}

function writeTime(ms: number): void {
  for (let rest = ms, index = timeChars - 1; index >= 0; index--, rest = Math.floor(rest / 32))
    letters[index] = alphabetCodes[rest % 32] as number;
}

/** 10 bytes → 16 characters of 5 bits; answers with the place behind them. */
function writeBytes(bytes: Uint8Array, from: number): number {
  let at = from;
  let buffer = 0;
  let bits = 0;
  for (const byte of bytes) {
    buffer = (buffer << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      letters[at++] = alphabetCodes[(buffer >>> bits) & 31] as number;
    }
    buffer &= 0xff;
  }
  return at;
}

/** A stable id out of 16 bytes of a digest, in the form of the others. */
export function toDigestId(prefix: IdPrefix, digest: Uint8Array): string {
  // Whole groups of five bits only: 80 bits, then 45 of the 48 that follow.
  const text = encodeBytes(digest.subarray(0, 10)) + encodeBytes(digest.subarray(10, 16));
  return `${prefix}_${text.padEnd(26, "0")}`;
}
