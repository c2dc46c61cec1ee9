import { describe, expect, it } from "vitest";
import { loginInput, newPasswordSchema, passwordSchema, usernameSchema } from "./auth-schema.ts";

describe("usernames", () => {
  it.each([
    "a",
    "Ada Lovelace",
    "ada@example.org",
    "Ωmega",
    "李雷",
    "müller",
    "Мария",
    "Γιώργος",
    "ไม้ป๊อก",
    "x".repeat(64),
    "😀",
  ])("may be %j", (name) => {
    expect(usernameSchema.parse(name)).toBe(name);
  });

  it.each([
    ["nothing", ""],
    ["too long", "x".repeat(65)],
    ["a blank in front", " ada"],
    ["a blank at the end", "ada\u00a0"],
    ["a line break", "ada\nroot"],
    ["a NUL", "ada\0"],
    ["an escape", "ada\u001b[31m"],
    ["half a character", "ada\ud83d"],
    ["a right-to-left override", "ada\u202enimda"],
    ["an isolate", "ada\u2067x"],
    ["a zero-width space", "a\u200bda"],
    ["a zero-width joiner", "a\u200dda"],
    ["a soft hyphen", "a\u00adda"],
    ["a byte order mark", "a\ufeffda"],
    ["a variation selector", "a\ufe00da"],
    ["a combining grapheme joiner", "a\u034fda"],
    ["a Hangul filler", "a\u3164da"],
    ["a Braille blank", "a\u2800da"],
    ["a tag character", "a\u{e0061}da"],
    ["a private character", "a\ue000da"],
    ["an unassigned character", "a\uffffda"],
    ["five marks on one letter", `a${"\u0301".repeat(6)}`],
    ["a Cyrillic letter that poses as a Latin one", "p\u0430ypal"],
    ["a Greek letter that poses as a Latin one", "g\u03bfogle"],
    ["10,000 combining marks", `a${"\u0301".repeat(10_000)}`],
  ])("may not hold %s", (_, name) => {
    expect(usernameSchema.safeParse(name).success).toBe(false);
  });
});

describe("passwords", () => {
  it("are at least 8 characters when they are set, however few bytes or many that is", () => {
    expect(newPasswordSchema.safeParse("1234567").success).toBe(false);
    expect(newPasswordSchema.safeParse("12345678").success).toBe(true);
    expect(newPasswordSchema.safeParse("😀😀😀😀").success).toBe(false);
    expect(newPasswordSchema.safeParse("😀".repeat(8)).success).toBe(true);
  });

  it("are at most 1,024 bytes, set or given", () => {
    for (const schema of [passwordSchema, newPasswordSchema]) {
      expect(schema.safeParse("x".repeat(1024)).success).toBe(true);
      expect(schema.safeParse("x".repeat(1025)).success).toBe(false);
      expect(schema.safeParse("ä".repeat(512)).success).toBe(true);
      expect(schema.safeParse("ä".repeat(513)).success).toBe(false);
    }
  });

  it("are not altered", () => {
    const password = "  a\u0301\tpass word\n ";
    expect(newPasswordSchema.parse(password)).toBe(password);
    expect(passwordSchema.parse("x")).toBe("x");
  });
});

it("lets anybody try to log in under a name that nobody could register", () => {
  expect(loginInput.safeParse({ username: " ada\u200b ", password: "x" }).success).toBe(true);
});
