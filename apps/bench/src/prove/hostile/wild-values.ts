import { noRequests, wildJson } from "@llm-backend/testing";

/** Picks one of some. */
export function pick<TItem>(random: () => number, items: readonly TItem[]): TItem {
  return items[Math.floor(random() * items.length)] as TItem;
}

/** JSON that no field expects, as the text that stands for it. */
const wild: readonly string[] = [
  ...wildJson,
  "-0",
  '"NEAR(a b) * \\" AND col:x"',
  `${"[".repeat(2000)}${"]".repeat(2000)}`,
];

/** Some of these, or text and numbers of no meaning at all. */
export function toWild(random: () => number): string {
  if (random() < 0.7) return pick(random, wild);
  if (random() < 0.3) return String((random() - 0.5) * 10 ** Math.floor(random() * 20));
  return JSON.stringify(toNoise(random, Math.floor(random() * 60)));
}

/** So many characters from anywhere in the first plane, halves of pairs included. */
export function toNoise(random: () => number, length: number): string {
  return String.fromCharCode(...Array.from({ length }, () => Math.floor(random() ** 3 * 0xff_ff)));
}

/** Bodies that are no request at all. */
export const noBodies: readonly string[] = [
  ...noRequests,
  `{"json":${"[".repeat(10_000)}${"]".repeat(10_000)}}`,
  "[".repeat(10_000),
];
