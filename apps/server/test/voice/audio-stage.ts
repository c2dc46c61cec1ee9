import { callerToken } from "../openai/openai-stage.ts";

/** A chunk of a spoken answer, and when it came, in milliseconds after the request. */
export type HeardChunk = {
  readonly at: number;
  readonly id: string;
  readonly object: string;
  readonly created: number;
  readonly model: string;
  readonly choices?: readonly {
    readonly index: number;
    readonly delta: {
      readonly audio?: { readonly id: string; readonly transcript?: string; readonly data?: string };
      readonly tool_calls?: readonly unknown[];
    };
    readonly finish_reason: string | null;
  }[];
  readonly usage?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly message: string; readonly type: string; readonly code: string };
};

/** A spoken answer as an engine hears it. */
export type HeardSpeech = {
  readonly status: number;
  readonly contentType: string;
  /** The body of an answer that is no stream. */
  readonly body: string;
  readonly chunks: readonly HeardChunk[];
  /** Pieces of sound, and when they came. */
  readonly pieces: readonly { readonly at: number; readonly bytes: Buffer }[];
  /** All samples, one behind the other. */
  readonly samples: Int16Array;
  readonly transcript: string;
  readonly hasDone: boolean;
};

/** Sound is sent as soon as it is there, and nobody waits for it to be heard. */
export const atOnce = { lead_seconds: 10 } as const;

/** How an answer is asked for, and heard. */
export type AudioAsk = {
  readonly path?: string;
  readonly token?: string;
  readonly signal?: AbortSignal;
  /** Sees each chunk as it comes. */
  readonly onChunk?: (chunk: HeardChunk) => void;
};

/** Asks for a spoken answer; fields replace those of a plain question. An aborted answer is what had come until then. */
export async function askAudio(
  url: string,
  fields: Readonly<Record<string, unknown>> = {},
  asked: AudioAsk = {},
): Promise<HeardSpeech> {
  const { path = "/audio/chat/completions", token = callerToken, signal } = asked;
  const question = { model: "fake-model", messages: [{ role: "user", content: "Hi" }] };
  const startedAt = performance.now();
  const response = await fetch(`${url}${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ ...question, ...fields }),
    ...(signal !== undefined && { signal }),
  });
  const contentType = response.headers.get("content-type") ?? "";
  const { status, body } = response;
  if (!contentType.startsWith("text/event-stream") || body === null)
    return { ...toHeard([], false), status, contentType, body: await response.text() };

  const reader = createReader(startedAt, asked.onChunk);
  try {
    for await (const text of body.pipeThrough(new TextDecoderStream())) reader.push(text);
    reader.end();
  } catch (error) {
    if (signal?.aborted !== true) throw error;
  }
  return { ...toHeard(reader.chunks, reader.hasDone()), status, contentType, body: "" };
}

/** Reads a stream strictly. */
function createReader(startedAt: number, onChunk: AudioAsk["onChunk"]) {
  const chunks: HeardChunk[] = [];
  let hasDone = false;
  let rest = "";

  function read(frame: string): void {
    if (frame.startsWith(":")) return;
    if (hasDone || !frame.startsWith("data: ")) throw new Error(`This is no frame, or comes late: ${frame}`);
    const data = frame.slice("data: ".length);
    if (data === "[DONE]") return void (hasDone = true);
    const chunk = { ...(JSON.parse(data) as HeardChunk), at: performance.now() - startedAt };
    chunks.push(chunk);
    onChunk?.(chunk);
  }
  return {
    chunks,
    hasDone: () => hasDone,
    push(text: string): void {
      const frames = (rest + text).split("\n\n");
      rest = frames.pop() ?? "";
      for (const frame of frames) read(frame);
    },
    end(): void {
      if (rest !== "") throw new Error(`The stream ends in the middle of a frame: ${rest.slice(0, 200)}`);
    },
  };
}

function toHeard(chunks: readonly HeardChunk[], hasDone: boolean) {
  const deltas = chunks.flatMap(({ at, choices = [] }) =>
    choices.map(({ delta }) => ({ at, audio: delta.audio })),
  );
  const pieces = deltas.flatMap(({ at, audio }) =>
    audio?.data === undefined ? [] : [{ at, bytes: Buffer.from(audio.data, "base64") }],
  );
  const bytes = Buffer.concat(pieces.map((piece) => piece.bytes));
  const samples = Int16Array.from({ length: bytes.length >> 1 }, (_, index) => bytes.readInt16LE(2 * index));
  const transcript = deltas.map(({ audio }) => audio?.transcript ?? "").join("");
  return { chunks, pieces, samples, transcript, hasDone };
}

/** How loud a sound is: the root of the mean of its squares. */
export function toLoudness(samples: Int16Array): number {
  return Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / Math.max(1, samples.length));
}

/** A tone, in samples. */
export function toTone(hertz: number, rate: number, seconds: number): Int16Array {
  return Int16Array.from({ length: Math.round(rate * seconds) }, (_, index) =>
    Math.round(10_000 * Math.sin((2 * Math.PI * hertz * index) / rate)),
  );
}

/** Samples as their bytes. */
export const toBytes = (samples: Int16Array): Buffer =>
  Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);

/** Where a tone lies, by how often it crosses zero. */
export function toHertz(samples: Int16Array, rate = 16_000): number {
  let crossings = 0;
  for (let index = 1; index < samples.length; index++)
    if ((samples[index - 1] as number) < 0 && (samples[index] as number) >= 0) crossings++;
  return (crossings * rate) / samples.length;
}
