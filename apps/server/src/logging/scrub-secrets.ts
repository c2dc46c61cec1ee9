import { isSecretName } from "./secret-names.ts";

/** Stands where a secret was. */
export const redacted = "[redacted]";

// Where a word begins; in JSON also right behind the escape of a line feed or another control character.
const start = String.raw`(?:(?<!\w)|(?<=\\[bfnrt])|(?<=\\u[\da-f]{4}))`;

// No pattern matches a quote or a backslash, so that text stays valid JSON. Each is linear: one class, no nesting.
const patterns: readonly (readonly [RegExp, string])[] = [
  [new RegExp(`${start}(Bearer)[ +]+${String.raw`[\w.~+/=*-]{6,}`}`, "gi"), `$1 ${redacted}`],
  [new RegExp(`${start}(Basic)[ +]+${String.raw`[\w+/=]{12,}`}`, "gi"), `$1 ${redacted}`],
  [new RegExp(`${start}eyJ${String.raw`[\w-]{6,}(?:\.[\w-]*){1,4}`}`, "g"), redacted],
  [
    new RegExp(
      `${start}(sk|pk|rk|gsk|hf|r8|xai|pplx|fw|nvapi|csk|ghp|glpat)[-_]${String.raw`[\w*-]{6,}`}`,
      "g",
    ),
    `$1-${redacted}`,
  ],
  [new RegExp(`${start}AIza${String.raw`[\w*-]{20,}`}`, "g"), redacted],
  [new RegExp(`${start}AKIA[A-Z0-9]{16}`, "g"), redacted],
  [new RegExp(`${start}[0-9a-f]{32}${String.raw`\.`}[A-Za-z0-9]{16}`, "g"), redacted],
  [/(:\/\/)[^\s/@:"'\\]{0,256}:[^\s/@"'\\]{1,256}@/g, `$1${redacted}@`],
  [/([?&](?:api[-_]?key|key|access[-_]token|token|secret|password)=)[^&\s"'\\]+/gi, `$1${redacted}`],
  [/((?:password|passwd|secret|api[-_]?key)\s?[=:]\s?)[^\s"'\\,;&]{3,}/gi, `$1${redacted}`],
];

/** Replaces what looks like a key, a token or a password inside a text; the rest stays as it is. */
export function scrubSecrets(text: string): string {
  let scrubbed = text;
  for (const [pattern, replacement] of patterns) scrubbed = scrubbed.replace(pattern, replacement);
  return scrubbed;
}

// One string after the other, so that a match never begins inside of one: a name with its text, or a text alone.
const jsonString = /"((?:[^"\\]|\\.)*)"(:"(?:[^"\\]|\\.)*")?/g;
// The same inside of a JSON string, as where a body was quoted in a message.
const quotedField = /\\"([\w-]{1,64})\\":\s*\\"(?:[^"\\]|\\\\\\"|\\[^"])*\\"/g;

/** Does the same for a line of JSON, and redacts its fields by their names as well. */
export function scrubJsonLine(line: string): string {
  return scrubSecrets(line)
    .replaceAll(jsonString, (match, name: string, text: string | undefined) =>
      text !== undefined && isSecretName(name) ? `"${name}":"${redacted}"` : match,
    )
    .replaceAll(quotedField, (match, name: string) =>
      isSecretName(name) ? `\\"${name}\\":\\"${redacted}\\"` : match,
    );
}
