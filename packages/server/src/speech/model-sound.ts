import { isFields } from "../voice/engine-fields.ts";
import { readFirstDelta } from "../voice/first-delta.ts";

type Fields = Readonly<Record<string, unknown>>;

/** What audio models send: 16 bit, one channel. */
export const modelSoundRate = 24_000;

/** What one chunk of a model that speaks itself brings. */
export type ModelSound = {
  /** What is said in it; undefined where the chunk does not tell. */
  readonly transcript: string | undefined;
  readonly samples: Int16Array;
};

/** Reads the sound of one answer, chunk by chunk; undefined for a chunk without any. */
export type ReadModelSound = (chunk: Fields) => ModelSound | undefined;

/** Creates the reader of one answer: a sample may be torn apart between two chunks. */
export function createModelSoundReader(): ReadModelSound {
  let half: Buffer = Buffer.alloc(0);

  return (chunk) => {
    const audio = readFirstDelta(chunk)?.["audio"];
    if (!isFields(audio)) return undefined;
    const { data, transcript } = audio;
    const bytes = typeof data === "string" ? Buffer.concat([half, Buffer.from(data, "base64")]) : half;
    const samples = new Int16Array(bytes.length >> 1);
    for (let index = 0; index < samples.length; index++) samples[index] = bytes.readInt16LE(2 * index);
    half = Buffer.from(bytes.subarray(2 * samples.length));
    const words = typeof transcript === "string" && transcript !== "" ? transcript : undefined;
    return words === undefined && samples.length === 0 ? undefined : { transcript: words, samples };
  };
}
