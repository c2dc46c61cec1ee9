import { DomainError } from "@llm-backend/contract";
import type { Sound } from "./ports.ts";
import { findWavSamples, type WavFormat } from "./wav-head.ts";

/** So much may stand before the samples of a WAV: descriptions, covers. */
const headBytesMax = 256 * 1024;

/**
 * Reads sound as it comes: a WAV says what it is, anything else is 16 bit little endian on one channel.
 *
 * @param rate - Samples a second of what does not say it.
 * @throws DomainError `upstream_unavailable` for a WAV that is none, or holds no plain samples.
 */
export async function* readSound(bytes: AsyncIterable<Uint8Array>, rate: number): AsyncGenerator<Sound> {
  let format: WavFormat | undefined;
  let left = Number.POSITIVE_INFINITY;
  let held: Buffer = Buffer.alloc(0);
  for await (const piece of bytes) {
    held = held.length === 0 ? toBuffer(piece) : Buffer.concat([held, piece]);
    if (format === undefined) {
      const found = readHead(held, rate);
      if (found === undefined) continue;
      format = found.format;
      left = found.length;
      held = held.subarray(found.start);
    }
    const frames = Math.floor(Math.min(held.length, left) / format.frameBytes);
    const taken = frames * format.frameBytes;
    if (taken > 0) yield { rate: format.rate, samples: toSamples(held.subarray(0, taken), format) };
    left -= taken;
    if (left < format.frameBytes) return;
    held = held.subarray(taken);
  }
}

const toBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

type Head = { readonly format: WavFormat; readonly start: number; readonly length: number };

/** Undefined: more has to come first. */
function readHead(held: Buffer, rate: number): Head | undefined {
  if (held.length === 0) return undefined;
  if (!"RIFF".startsWith(held.toString("latin1", 0, Math.min(4, held.length)))) {
    const format: WavFormat = { rate, channels: 1, coding: "int16", frameBytes: 2 };
    return { format, start: 0, length: Number.POSITIVE_INFINITY };
  }
  const found = held.length < 12 ? undefined : findWavSamples(held);
  if (found !== undefined) return found;
  if (held.length > headBytesMax)
    throw new DomainError("upstream_unavailable", "The sound could not be read.");
  return undefined;
}

/** Channels are mixed into one. */
function toSamples(bytes: Buffer, { channels, coding, frameBytes }: WavFormat): Int16Array {
  const samples = new Int16Array(bytes.length / frameBytes);
  const width = frameBytes / channels;
  for (let index = 0; index < samples.length; index++) {
    let sum = 0;
    for (let channel = 0; channel < channels; channel++)
      sum += readSample(bytes, index * frameBytes + channel * width, coding);
    samples[index] = Math.max(-32_768, Math.min(32_767, Math.round(sum / channels)));
  }
  return samples;
}

/** In units of 16 bit. */
function readSample(bytes: Buffer, at: number, coding: WavFormat["coding"]): number {
  switch (coding) {
    case "uint8":
      return (bytes.readUInt8(at) - 128) * 256;
    case "int16":
      return bytes.readInt16LE(at);
    case "int24":
      return bytes.readIntLE(at, 3) / 256;
    case "int32":
      return bytes.readInt32LE(at) / 65_536;
    case "float32":
      return bytes.readFloatLE(at) * 32_767;
  }
}
