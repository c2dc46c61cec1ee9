/** eSpeak's names for languages that it calls otherwise than others do. */
const voices: Readonly<Record<string, string>> = { en: "en-us", zh: "cmn", no: "nb", pt: "pt-br" };

/** The voice for a language: what is configured for it, else eSpeak's own, which is mostly called like the language. */
export function toEspeakVoice(language: string, configured: Readonly<Record<string, string>>): string {
  return configured[language] ?? voices[language] ?? language;
}
