import { DomainError } from "@llm-backend/contract";

/** How samples are written. */
export type WavFormat = {
  readonly rate: number;
  readonly channels: number;
  readonly coding: "uint8" | "int16" | "int24" | "int32" | "float32";
  /** The bytes of one sample on all channels. */
  readonly frameBytes: number;
};

/** Where the samples stand, and how many bytes they take. */
export type WavSamples = { readonly format: WavFormat; readonly start: number; readonly length: number };

const channelsMax = 8;
const rateMax = 384_000;
const integerCodings = { 8: "uint8", 16: "int16", 24: "int24", 32: "int32" } as const;

/**
 * Finds the samples of a WAV by its head; undefined where more of it has to come first. A length of nothing, or of all
 * that can be written, stands for a stream whose length was not known: it goes on to its end.
 *
 * @throws DomainError `upstream_unavailable` where it is no WAV, or its samples are not plain.
 * @source Microsoft, Multimedia Programming Interface and Data Specifications 1.0, 1991
 */
export function findWavSamples(bytes: Buffer): WavSamples | undefined {
  if (bytes.toString("latin1", 8, 12) !== "WAVE") throw unreadable();
  let format: WavFormat | undefined;
  let at = 12;
  while (at + 8 <= bytes.length) {
    const name = bytes.toString("latin1", at, at + 4);
    const length = bytes.readUInt32LE(at + 4);
    const start = at + 8;
    if (name === "data") {
      if (format === undefined) throw unreadable();
      const isOpen = length === 0 || length >= 0x7fffff00;
      return { format, start, length: isOpen ? Number.POSITIVE_INFINITY : length };
    }
    if (start + length > bytes.length) return undefined;
    if (name === "fmt ") format = readFormat(bytes.subarray(start, start + length));
    // Parts begin at even places.
    at = start + length + (length % 2);
  }
  return undefined;
}

function readFormat(bytes: Buffer): WavFormat {
  if (bytes.length < 16) throw unreadable();
  const isExtensible = bytes.readUInt16LE(0) === 0xfffe && bytes.length >= 26;
  const kind = isExtensible ? bytes.readUInt16LE(24) : bytes.readUInt16LE(0);
  const channels = bytes.readUInt16LE(2);
  const rate = bytes.readUInt32LE(4);
  const bits = bytes.readUInt16LE(14);
  const coding = toCoding(kind, bits);
  if (coding === undefined || channels < 1 || channels > channelsMax || rate < 1000 || rate > rateMax)
    throw unreadable();
  return { rate, channels, coding, frameBytes: (channels * bits) / 8 };
}

function toCoding(kind: number, bits: number): WavFormat["coding"] | undefined {
  if (kind === 3) return bits === 32 ? "float32" : undefined;
  return kind === 1 ? integerCodings[bits as keyof typeof integerCodings] : undefined;
}

const unreadable = () => new DomainError("upstream_unavailable", "The sound is no WAV that could be read.");
