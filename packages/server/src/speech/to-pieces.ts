import { createPieceCutter, silentPiece } from "./piece-cutter.ts";
import { engineRate, type Sound } from "./ports.ts";
import { createResampler, type Resampler } from "./resampler.ts";

/** A part of a spoken answer: words, the sound that speaks them, and the end of a sentence. */
export type SpeechPart =
  | { readonly type: "words"; readonly text: string }
  | { readonly type: "sound"; readonly sound: Sound }
  | { readonly type: "sentence-end" };

/** A piece of sound as engines take it, and the words that are spoken from it on. */
export type SpeechPiece = { readonly words: string; readonly bytes: Buffer };

/** So many samples are worked on before others get their turn. */
const samplesAtOnce = 4096;

/** Turns parts into pieces of 40 ms at 16 kHz. Words go with the sound that follows them; a sentence ends with its piece. */
export async function* toPieces(parts: AsyncIterable<SpeechPart>): AsyncGenerator<SpeechPiece> {
  const cutter = createPieceCutter();
  let words = "";
  let resampler: Resampler | undefined;
  let rate = 0;

  function* tell(pieces: readonly Buffer[]): Generator<SpeechPiece> {
    for (const bytes of pieces) {
      yield { words, bytes };
      words = "";
    }
  }
  const finish = (): Int16Array => {
    const rest = resampler?.end() ?? new Int16Array(0);
    resampler = undefined;
    return rest;
  };

  for await (const part of parts) {
    if (part.type === "words") words += part.text;
    else if (part.type === "sentence-end") {
      yield* tell(cutter.push(finish()));
      yield* tell(cutter.end());
    } else {
      const { sound } = part;
      if (resampler !== undefined && sound.rate !== rate) yield* tell(cutter.push(finish()));
      rate = sound.rate;
      resampler ??= createResampler(rate, engineRate);
      for (let at = 0; at < sound.samples.length; at += samplesAtOnce)
        yield* tell(cutter.push(resampler.push(sound.samples.subarray(at, at + samplesAtOnce))));
    }
  }
  yield* tell(cutter.push(finish()));
  yield* tell(cutter.end());
  // Words that cannot be spoken are told all the same.
  if (words !== "") yield { words, bytes: silentPiece() };
}
