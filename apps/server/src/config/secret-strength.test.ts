import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findSecretWeakness } from "./secret-strength.ts";

/** [the secret, why it is refused] */
const weak: readonly (readonly [string, string])[] = [
  ["", "is shorter"],
  ["a", "is shorter"],
  ["password", "is shorter"],
  ["admin123", "is shorter"],
  ["12345678", "is shorter"],
  ["x9#Kq2!vB7$mL4", "is shorter"],
  ["äöüäöü", "is shorter"],
  ["secret", "is a sample"],
  ["Secret", "is a sample"],
  ["SECRET-KEY", "is a sample"],
  ["jwt_secret", "is a sample"],
  ["my-jwt-secret", "is a sample"],
  ["keyboard cat", "is a sample"],
  ["woshimima", "is a sample"],
  ["changeme", "is a sample"],
  ["change-me", "is a sample"],
  ["ChangeThisSecretInProduction", "is a sample"],
  ["please_change_it_before_you_deploy", "is a sample"],
  ["your-secret-key", "is a sample"],
  ["your_jwt_secret_key_here", "is a sample"],
  ["your-256-bit-secret", "is a sample"],
  ["your-super-secret-jwt-token-with-at-least-32-characters-long", "is a sample"],
  ["put-your-secret-here-please", "is a sample"],
  ["<replace this: openssl rand -base64 48>", "is a sample"],
  ["REPLACE_ME_WITH_A_LONG_RANDOM_VALUE", "is a sample"],
  ["this-is-just-an-example-secret", "is a sample"],
  ["placeholder-placeholder", "is a sample"],
  ["supersecret-supersecret", "is a sample"],
  ["do-not-use-this-in-production", "is a sample"],
  ["correct horse battery staple", "is a sample"],
  ["S3cureK3y#2024!AIsafety", "is a sample"],
  ["a".repeat(32), "repeats"],
  ["0".repeat(64), "repeats"],
  ["ab".repeat(16), "repeats"],
  ["abc123".repeat(8), "repeats"],
  ["deadbeef".repeat(8), "repeats"],
  ["hunter2!".repeat(4), "repeats"],
  ["passwordpassword", "is a sample"],
  ["abcdefghijklmnopqrstuvwxyz", "is a run"],
  ["zyxwvutsrqponmlkjihgfedcba", "is a run"],
  ["0123456789abcdef0123456789abcdef", "is a run"],
  ["1234567890123456789012345678901234567890", "is a run"],
  ["qwertyuiopasdfghjklzxcvbnm", "is a run"],
  ["QWERTY-UIOP-ASDF-GHJK-L", "is a run"],
  ["aaaaaaaaaaaaaaab", "is too regular"],
  ["aabbaabbabbaabab", "is too regular"],
  ["1111222233334444", "is too regular"],
];

/** Secrets that operators really have, some from an earlier system whose tokens are to stay valid. */
const strong = [
  "kX9#mP2$vL5@nQ8!",
  "my0wn-S3cr3t.of_the_earlier",
  "Tr0ub4dor&3-and-then-some",
  "5f4dcc3b5aa765d61d8327deb882cf99",
  "b1946ac92492d2347c6235b4d2611184",
  "gAAAAABkZ0Vw8QeX9fJ1rT6mYs3uLhPo",
  "长长的密钥也应该可以使用没有问题",
  "the quick brown fox jumps over 13 lazy dogs",
];

describe("a weak secret", () => {
  it.each(weak)("is found: %j", (secret, reason) => {
    expect(findSecretWeakness(secret)).toContain(reason);
  });
});

describe("a strong secret", () => {
  it.each(strong)("passes: %j", (secret) => {
    expect(findSecretWeakness(secret)).toBeUndefined();
  });

  it("passes whatever way it was made at random", () => {
    for (let count = 0; count < 2_000; count++) {
      const bytes = randomBytes(32);
      for (const encoding of ["hex", "base64", "base64url"] as const) {
        expect(findSecretWeakness(bytes.toString(encoding))).toBeUndefined();
      }
    }
  });

  it("is told apart in linear time, whatever the text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 300 }), (secret) => {
        const weakness = findSecretWeakness(secret);
        // A reason never quotes the secret.
        expect(weakness === undefined || secret.length < 12 || !weakness.includes(secret)).toBe(true);
      }),
    );
    const started = performance.now();
    findSecretWeakness("your".repeat(50_000));
    findSecretWeakness("yoursuper".repeat(20_000));
    expect(performance.now() - started).toBeLessThan(1_000);
  });
});
