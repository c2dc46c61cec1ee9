import { isSecretName } from "./secret-names.ts";

/** Stands where a secret was. */
export const redacted = "[redacted]";

// No pattern matches a quote or a backslash, so that text stays valid JSON. Each is linear: one class, no nesting.
const patterns: readonly (readonly [RegExp, string])[] = [
  [/\b(Bearer)[ +]+[\w.~+/=*-]{6,}/gi, `$1 ${redacted}`],
  [/\b(Basic)[ +]+[\w+/=]{12,}/gi, `$1 ${redacted}`],
  [/\beyJ[\w-]{6,}(?:\.[\w-]*){1,4}/g, redacted],
  [/\b(sk|pk|rk|gsk|hf|r8|xai|pplx|fw|nvapi|csk|ghp|glpat)[-_][\w*-]{6,}/g, `$1-${redacted}`],
  [/\bAIza[\w*-]{20,}/g, redacted],
  [/\bAKIA[A-Z0-9]{16}\b/g, redacted],
  [/\b[0-9a-f]{32}\.[A-Za-z0-9]{16}\b/g, redacted],
  [/(:\/\/)[^\s/@:"'\\]{0,256}:[^\s/@"'\\]{1,256}@/g, `$1${redacted}@`],
  [/([?&](?:api[-_]?key|key|access[-_]token|token|secret|password)=)[^&\s"'\\]+/gi, `$1${redacted}`],
  [/\b((?:password|passwd|secret|api[-_]?key)\s?[=:]\s?)[^\s"'\\,;&]{3,}/gi, `$1${redacted}`],
];

/** Replaces what looks like a key, a token or a password inside a text; the rest stays as it is. */
export function scrubSecrets(text: string): string {
  let scrubbed = text;
  for (const [pattern, replacement] of patterns) scrubbed = scrubbed.replace(pattern, replacement);
  return scrubbed;
}

const jsonField = /"([^"\\]{1,64})":"(?:[^"\\]|\\.)*"/g;
// The same inside of a JSON string, as where a body was quoted in a message.
const quotedField = /\\"([^"\\]{1,64})\\":\s*\\"(?:(?!\\")[^\n])*\\"/g;

/** Does the same for a line of JSON, and redacts its fields by their names as well. */
export function scrubJsonLine(line: string): string {
  return scrubSecrets(line)
    .replaceAll(jsonField, (field, name: string) => (isSecretName(name) ? `"${name}":"${redacted}"` : field))
    .replaceAll(quotedField, (field, name: string) =>
      isSecretName(name) ? `\\"${name}\\":\\"${redacted}\\"` : field,
    );
}
