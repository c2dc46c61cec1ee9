/** Picks one of some. */
export function pick<TItem>(random: () => number, items: readonly TItem[]): TItem {
  return items[Math.floor(random() * items.length)] as TItem;
}

/** JSON that no field expects, as the text that stands for it. */
const wild: readonly string[] = [
  "null",
  "true",
  "0",
  "-1",
  "1.5",
  "1e308",
  "1e999",
  "-0",
  "9007199254740993",
  '""',
  '" "',
  '"a\\u0000b"',
  '"\\ud83d"',
  '"\\u202e\\u200b"',
  "\"1' or '1'='1\"",
  '"\\"; drop table users; --"',
  '"../../../etc/passwd"',
  '"%00%0d%0aX: y"',
  '"NEAR(a b) * \\" AND col:x"',
  '"run_01m8162cr78f5ff3q8t9eqs0ta:99999999999999999999"',
  `"${"x".repeat(300)}"`,
  `"${"🙂".repeat(20_000)}"`,
  "[]",
  "[[[]]]",
  `[${"1,".repeat(1000)}1]`,
  "{}",
  '{"$gt":""}',
  '{"__proto__":{"polluted":true}}',
  '{"constructor":{"prototype":{"polluted":true}}}',
  '{"toString":"x","valueOf":1}',
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
export const noRequests: readonly string[] = [
  "",
  " ",
  "5",
  "null",
  "[]",
  '"text"',
  "{",
  '{"json":',
  '{"json":}',
  '{"json":{}}{}',
  "\uFEFF",
  '{"json":{"__proto__":{"polluted":true}}}',
  '{"json":{},"meta":{"values":{"__proto__.polluted":["Date"]}}}',
  '{"json":{},"meta":{"referentialEqualities":{"__proto__":["polluted"]}}}',
  `{"json":${"[".repeat(10_000)}${"]".repeat(10_000)}}`,
  "[".repeat(10_000),
];
