import type { Call } from "./call-log.ts";
import { page, type Reply } from "./reply-steps.ts";

/** How a fake embedding model answers. */
export type EmbeddingOptions = {
  /** The vector of a text. @default one of 8 numbers, made of its characters */
  readonly toVector?: (text: string) => readonly number[];
  /** Takes no notice of a caller that asks for base64, as many servers do. @default false */
  readonly isPlain?: boolean;
};

/** The texts that a call to `/v1/embeddings` brings. */
export function readTexts(call: Call): readonly string[] {
  const { input } = (call.body ?? {}) as { input?: string | readonly string[] };
  return input === undefined ? [] : [input].flat();
}

/** Texts with the same characters have the same vector; of length one. */
export function toFakeVector(text: string): readonly number[] {
  const vector = Array.from({ length: 8 }, () => 0);
  for (let index = 0; index < text.length; index++) {
    const place = text.charCodeAt(index) % 8;
    vector[place] = (vector[place] ?? 0) + 1;
  }
  const length = Math.hypot(...vector) || 1;
  return vector.map((value) => value / length);
}

/** Answers with one vector for each text, in the form that was asked for. */
export function embedding({ toVector = toFakeVector, isPlain = false }: EmbeddingOptions = {}) {
  return (call: Call): Reply => {
    const wantsBase64 =
      (call.body as { encoding_format?: unknown } | undefined)?.encoding_format === "base64";
    const write = (vector: readonly number[]) => (wantsBase64 && !isPlain ? toBase64(vector) : vector);
    const texts = readTexts(call);
    const data = texts.map((text, index) => ({
      object: "embedding",
      index,
      embedding: write(toVector(text)),
    }));
    const tokens = Math.ceil(texts.join("").length / 4);
    const usage = { prompt_tokens: tokens, total_tokens: tokens };
    return page("application/json", JSON.stringify({ object: "list", data, model: "fake-embedder", usage }));
  };
}

function toBase64(vector: readonly number[]): string {
  const bytes = Buffer.alloc(vector.length * 4);
  for (const [index, value] of vector.entries()) bytes.writeFloatLE(value, index * 4);
  return bytes.toString("base64");
}
