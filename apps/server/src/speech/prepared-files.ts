import { open, type FileHandle } from "node:fs/promises";
import { DomainError } from "@llm-backend/contract";
import { readSound, type PreparedAnswer, type PreparedSpeech, type Sound } from "@llm-backend/server";

/** Where the files are. */
export type PreparedFilesOptions = {
  /** What is said, as UTF-8. */
  readonly text: string;
  /** The sound: 16 bit little endian on one channel, or a WAV. */
  readonly sound: string;
  /** Samples a second of sound that does not say it itself. */
  readonly rate: number;
};

/** A longer transcript is none. */
const textBytesMax = 1024 * 1024;
/** So much of the sound is read at once. */
const readBytes = 32 * 1024;

/**
 * Creates the answers that lie ready in a pair of files. They are looked for at every call: whoever puts others there
 * need not start anything again. The sound is read as it is played.
 */
export function createPreparedFiles({ text, sound, rate }: PreparedFilesOptions): PreparedSpeech {
  return {
    async find(): Promise<PreparedAnswer | undefined> {
      const transcript = await readText(text);
      if (transcript === undefined) return undefined;
      await using file = await openIfThere(sound);
      if (file === undefined) return undefined;
      return { transcript, sound: playFile(sound, rate) };
    },
  };
}

async function readText(path: string): Promise<string | undefined> {
  await using file = await openIfThere(path);
  if (file === undefined) return undefined;
  const { size } = await file.stat();
  if (size > textBytesMax)
    throw new DomainError("input_too_large", `${path} is no transcript: it is too long.`);
  return (await file.readFile("utf8")).replace(/^\ufeff/, "");
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    const file = await open(path);
    if ((await file.stat()).isFile()) return file;
    await file.close();
    return undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Opened when somebody listens, so that nothing stays open where nobody does. */
async function* playFile(path: string, rate: number): AsyncGenerator<Sound> {
  await using file = await open(path);
  yield* readSound(readPieces(file), rate);
}

async function* readPieces(file: FileHandle): AsyncGenerator<Buffer> {
  for (;;) {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(readBytes), 0, readBytes);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
  }
}
