import { DomainError } from "@llm-backend/contract";
import { describe, expect, it } from "vitest";
import { createArrivals, type Arrivals } from "./arrivals.ts";
import type { Sound, SpeakOptions, Synthesiser } from "./ports.ts";
import { speakSentences } from "./speak-sentences.ts";
import type { SpeechPart } from "./to-pieces.ts";

type Spoken = { readonly text: string; readonly options: SpeakOptions; readonly sound: Arrivals<Sound> };

/** A synthesiser that speaks by the test's hand. */
function createHandSpeaker() {
  const spoken: Spoken[] = [];
  const synthesiser: Synthesiser = {
    speak(text, options) {
      const sound = createArrivals<Sound>();
      spoken.push({ text, options, sound });
      return sound;
    },
  };
  return { spoken, synthesiser };
}

const silence: Sound = { rate: 16_000, samples: new Int16Array(10) };
const failure = new DomainError("upstream_unavailable", "It broke.");
const settle = async () => {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
};

function setUp(sentences: readonly string[], speakers: readonly Synthesiser[]) {
  const text = createArrivals<string>();
  text.push(...sentences);
  const leaving = new AbortController();
  const options = { synthesisers: speakers, language: "en", signal: leaving.signal };
  const parts = speakSentences(text, options);
  const next = async (): Promise<SpeechPart | undefined> => {
    const { done, value } = await parts.next();
    return done === true ? undefined : value;
  };
  return { text, parts, next, leaving };
}

describe("speakSentences", () => {
  it("fetches the next sentence while one is heard, and not the one behind it", async () => {
    const { spoken, synthesiser } = createHandSpeaker();
    const { next } = setUp(["One. ", "Two. ", "Three. "], [synthesiser]);
    const first = next();
    await settle();
    spoken[0]?.sound.push(silence);
    expect(await first).toEqual({ type: "words", text: "One. " });
    expect(await next()).toMatchObject({ type: "sound" });
    await settle();
    // Its sound has not ended yet.
    expect(spoken.map(({ text, options }) => [text, options.isAhead])).toEqual([
      ["One.", false],
      ["Two.", true],
    ]);
  });

  it("asks the next one where nothing has been heard, and stays with who spoke first", async () => {
    const [broken, working] = [createHandSpeaker(), createHandSpeaker()];
    const { next } = setUp(["One. ", "Two. "], [broken.synthesiser, working.synthesiser]);
    const first = next();
    await settle();
    broken.spoken[0]?.sound.fail(failure);
    await settle();
    working.spoken[0]?.sound.push(silence);
    working.spoken[0]?.sound.end();
    expect(await first).toEqual({ type: "words", text: "One. " });
    expect([await next(), await next()]).toMatchObject([{ type: "sound" }, { type: "sentence-end" }]);
    const failing = next();
    await settle();
    working.spoken[1]?.sound.fail(failure);
    await failing;
    await expect(next()).rejects.toBe(failure);
    expect(broken.spoken).toHaveLength(1);
  });

  it("fails when nobody can speak", async () => {
    const broken = createHandSpeaker();
    const { next } = setUp(["One. "], [broken.synthesiser]);
    const first = next();
    await settle();
    broken.spoken[0]?.sound.fail(failure);
    await expect(first).rejects.toBe(failure);
  });

  it("lets everything go when its reader stops, also what was fetched ahead", async () => {
    const { spoken, synthesiser } = createHandSpeaker();
    const { next, parts } = setUp(["One. ", "Two. "], [synthesiser]);
    const first = next();
    await settle();
    spoken[0]?.sound.push(silence);
    await first;
    await next();
    await settle();
    await parts.return(undefined);
    expect(spoken.map(({ options }) => options.signal.aborted)).toEqual([true, true]);
  });

  it("tells a text that broke off behind what came of it", async () => {
    const { spoken, synthesiser } = createHandSpeaker();
    const { next, text } = setUp(["One. "], [synthesiser]);
    text.fail(failure);
    const first = next();
    await settle();
    spoken[0]?.sound.push(silence);
    spoken[0]?.sound.end();
    expect(await first).toEqual({ type: "words", text: "One. " });
    expect([await next(), await next()]).toMatchObject([{ type: "sound" }, { type: "sentence-end" }]);
    await expect(next()).rejects.toBe(failure);
  });
});
