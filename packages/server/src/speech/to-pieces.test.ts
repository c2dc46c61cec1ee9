import { expect, it } from "vitest";
import { toPieces, type SpeechPart } from "./to-pieces.ts";

async function collect(parts: readonly SpeechPart[]) {
  async function* give(): AsyncGenerator<SpeechPart> {
    yield* parts;
  }
  const pieces: { words: string; length: number; first: number }[] = [];
  for await (const { words, bytes } of toPieces(give()))
    pieces.push({ words, length: bytes.length, first: bytes.readInt16LE(0) });
  return pieces;
}

const words = (text: string): SpeechPart => ({ type: "words", text });
const sound = (length: number, rate = 16_000, value = 1000): SpeechPart => ({
  type: "sound",
  sound: { rate, samples: new Int16Array(length).fill(value) },
});
const end: SpeechPart = { type: "sentence-end" };

it("tells words with the sound that follows them, and begins each sentence with a piece of its own", async () => {
  const pieces = await collect([words("One. "), sound(1000), end, words("Two."), sound(640), sound(1), end]);
  expect(pieces).toEqual([
    { words: "One. ", length: 1280, first: 1000 },
    { words: "", length: 1280, first: 1000 },
    { words: "Two.", length: 1280, first: 1000 },
    { words: "", length: 1280, first: 1000 },
  ]);
});

it("tells words without sound with the next that has some, or with silence at the end", async () => {
  expect(await collect([words("👍 "), words("Yes."), sound(640), words(" 👎")])).toEqual([
    { words: "👍 Yes.", length: 1280, first: 1000 },
    { words: " 👎", length: 1280, first: 0 },
  ]);
});

it.each([8_000, 22_050, 24_000, 48_000])("loses nothing of sound at %i Hz", async (rate) => {
  const pieces = await collect([words("x"), sound(rate / 2, rate), sound(rate / 2, rate), end]);
  expect(pieces).toHaveLength(25);
});

it("takes sound whose rate changes", async () => {
  expect(await collect([sound(4_000, 8_000), sound(24_000, 48_000), sound(8_000)])).toHaveLength(38);
});
