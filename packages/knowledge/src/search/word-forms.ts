/** Words in which the endings of English can be told. */
const inflected = /^[a-z]{4,30}$/;

/**
 * Lists what other forms an English word may have: its plural and singular, and what verbs end in. Most of them are no words
 * at all, which costs nothing: they stand nowhere.
 */
export function listWordForms(word: string): string[] {
  if (!inflected.test(word)) return [];
  const stems = [word, ...listStems(word)].filter(({ length }) => length >= 3);
  const forms = stems.flatMap((stem) => [stem, ...listInflections(stem)]);
  return [...new Set(forms)].filter((form) => form !== word);
}

function listInflections(stem: string): string[] {
  if (stem.endsWith("y"))
    return [`${stem.slice(0, -1)}ies`, `${stem.slice(0, -1)}ied`, `${stem}s`, `${stem}ing`];
  if (stem.endsWith("e")) return [`${stem}s`, `${stem}d`, `${stem.slice(0, -1)}ing`];
  return [`${stem}s`, `${stem}es`, `${stem}ed`, `${stem}ing`];
}

function listStems(word: string): string[] {
  if (word.endsWith("ies") || word.endsWith("ied")) return [`${word.slice(0, -3)}y`];
  if (word.endsWith("ing")) return [word.slice(0, -3), `${word.slice(0, -3)}e`];
  if (word.endsWith("ed")) return [word.slice(0, -2), word.slice(0, -1)];
  if (word.endsWith("es")) return [word.slice(0, -2), word.slice(0, -1)];
  if (word.endsWith("s") && !word.endsWith("ss")) return [word.slice(0, -1)];
  return [];
}
