import { DomainError } from "@llm-backend/contract";

const maskSign = "…";
/** Of anything shorter, four characters would be too much. */
const shownLengthMin = 12;

/** What is shown of a key or a token: its last four characters, and of a short one none. */
export function maskSecret(secret: string): string {
  return secret.length < shownLengthMin ? maskSign : maskSign + secret.slice(-4);
}

/** Tells whether something is what `maskSecret` made, and not a secret itself. */
export function isMasked(text: string): boolean {
  return text.startsWith(maskSign);
}

/**
 * Puts stored secrets in the place of those that are written as they were shown.
 *
 * @throws DomainError `invalid_input` for a mask that fits none of the stored, or more than one and not the one in its
 *   own place.
 */
export function resolveSecrets(given: readonly string[], stored: readonly string[]): string[] {
  return given.map((text, index) => {
    if (!isMasked(text)) return text;
    const inPlace = stored[index];
    if (inPlace !== undefined && maskSecret(inPlace) === text) return inPlace;
    const [fitting, ...more] = stored.filter((secret) => maskSecret(secret) === text);
    if (fitting !== undefined && more.length === 0) return fitting;
    throw new DomainError(
      "invalid_input",
      `${text} stands for ${fitting === undefined ? "no" : "more than one"} stored secret; write it out.`,
    );
  });
}
