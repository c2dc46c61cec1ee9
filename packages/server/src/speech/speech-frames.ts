/** What all frames of one answer say. */
export type SpeechEnvelope = {
  /** The answer's id. */
  readonly id: string;
  /** The sound's id. */
  readonly audioId: string;
  readonly model: string;
  /** Seconds since 1970. */
  readonly created: number;
};

/** Writes the frames of one spoken answer. */
export type SpeechFrames = {
  /** A chunk of the engine's own kind. */
  metadata(metadata: Readonly<Record<string, unknown>>): Buffer;
  words(text: string): Buffer;
  /** @param finishReason - Of the last piece. */
  sound(bytes: Buffer, finishReason: string | undefined): Buffer;
  /** A delta of the model's that is no speech, such as a call of a tool. */
  delta(delta: Readonly<Record<string, unknown>>): Buffer;
  usage(usage: Readonly<Record<string, unknown>>): Buffer;
};

/** The end of a whole answer. */
export const doneFrame = Buffer.from("data: [DONE]\n\n");

const toFrame = (data: unknown): Buffer => Buffer.from(`data: ${JSON.stringify(data)}\n\n`);

/** Creates them. */
export function createSpeechFrames({ id, audioId, model, created }: SpeechEnvelope): SpeechFrames {
  const shared = { id, object: "chat.completion.chunk", created, model };
  const toChunk = (delta: unknown, finishReason: string | null) =>
    toFrame({ ...shared, choices: [{ index: 0, delta, finish_reason: finishReason }] });
  // All but the sound is the same in every frame: it is written once.
  const [before = "", after = ""] = toChunk({ audio: { id: audioId, data: "?" } }, null)
    .toString()
    .split('"?"');

  return {
    metadata: (metadata) => toFrame({ id, object: "chat.completion.custom_metadata", choices: [], metadata }),
    words: (transcript) => toChunk({ audio: { id: audioId, transcript } }, null),
    sound(bytes, finishReason) {
      const data = bytes.toString("base64");
      if (finishReason !== undefined) return toChunk({ audio: { id: audioId, data } }, finishReason);
      return Buffer.from(`${before}"${data}"${after}`, "utf8");
    },
    delta: (delta) => toChunk(delta, null),
    usage: (usage) => toFrame({ ...shared, choices: [], usage }),
  };
}
