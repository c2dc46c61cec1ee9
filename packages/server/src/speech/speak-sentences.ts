import { DomainError } from "@llm-backend/contract";
import { findLanguage } from "./language-of-text.ts";
import type { Synthesiser } from "./ports.ts";
import { readAhead, type SoundAhead } from "./read-ahead.ts";
import { createSpokenText } from "./spoken-text.ts";
import type { SpeechPart } from "./to-pieces.ts";

/** Who can speak, and how. */
export type Speakers = {
  /** In the order in which they are asked; whoever spoke first speaks to the end. */
  readonly synthesisers: readonly Synthesiser[];
  /** The language of a text that shows none. */
  readonly language: string;
  readonly signal: AbortSignal;
};

/** A sentence on its way. */
type Spoken = { readonly text: string; readonly ahead: SoundAhead | undefined };

/**
 * Speaks sentences one after the other; the next one is fetched while one is heard.
 *
 * @throws DomainError when nobody could speak the first sentence, or whoever did could not go on.
 */
export async function* speakSentences(
  sentences: AsyncIterable<string>,
  speakers: Speakers,
): AsyncGenerator<SpeechPart> {
  using stage = createStage(speakers);
  const source = sentences[Symbol.asyncIterator]();
  try {
    let next = stage.begin(source.next(), false);
    for (;;) {
      const spoken = await next;
      if (spoken === undefined) return;
      yield { type: "words", text: spoken.text };
      next = stage.begin(source.next(), true);
      if (spoken.ahead === undefined) continue;
      for await (const sound of spoken.ahead.sound) yield { type: "sound", sound };
      yield { type: "sentence-end" };
    }
  } finally {
    // Not waited for: the text may be long in coming.
    void source.return?.();
  }
}

/** Remembers what the sentences of one answer have in common. */
function createStage({ synthesisers, language, signal }: Speakers) {
  const spokenText = createSpokenText();
  const leaving = new AbortController();
  const either = AbortSignal.any([signal, leaving.signal]);
  let chosen: Synthesiser | undefined;
  let spokenLanguage = language;

  function start(synthesiser: Synthesiser, said: string, isAhead: boolean): SoundAhead {
    return readAhead(synthesiser.speak(said, { signal: either, language: spokenLanguage, isAhead }));
  }

  /** Asks one after the other until one begins to speak. */
  async function startFirst(said: string): Promise<SoundAhead> {
    let failure: unknown = new DomainError("upstream_unavailable", "There is nobody to speak.");
    for (const synthesiser of synthesisers) {
      try {
        const ahead = start(synthesiser, said, false);
        await ahead.begun;
        chosen = synthesiser;
        return ahead;
      } catch (error) {
        if (either.aborted) throw error;
        failure = error;
      }
    }
    throw failure;
  }

  async function begin(
    arriving: Promise<IteratorResult<string>>,
    isAhead: boolean,
  ): Promise<Spoken | undefined> {
    const { done, value: text } = await arriving;
    if (done === true) return undefined;
    const said = spokenText.next(text);
    if (said === "") return { text, ahead: undefined };
    spokenLanguage = findLanguage(said, spokenLanguage);
    return { text, ahead: chosen === undefined ? await startFirst(said) : start(chosen, said, isAhead) };
  }

  return {
    begin(arriving: Promise<IteratorResult<string>>, isAhead: boolean): Promise<Spoken | undefined> {
      const spoken = begin(arriving, isAhead);
      // It is looked at when its turn comes.
      spoken.catch(() => undefined);
      return spoken;
    },
    [Symbol.dispose]: () => leaving.abort(),
  };
}
