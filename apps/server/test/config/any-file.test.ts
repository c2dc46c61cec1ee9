import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, it } from "vitest";
import { ConfigError } from "../../src/config/config-error.ts";
import { readText } from "./config-text.ts";

const secret = "Zk3v9QpL7xTt2WmR8sYb";
const example = readFileSync(new URL("../../../../config.example.yaml", import.meta.url), "utf8");
const lines = [
  ...example
    .split("\n")
    .filter((line) => /^ *#?[ -]*\w+:/.test(line))
    .map((line) => line.replace("#", "")),
  `  secret: ${secret}`,
  `  - { key: ${secret}, endpoint: "https://u:${secret}@h" }`,
  `  sk: "${secret}`,
  `master_key: ${secret}`,
  `database: postgres://u:${secret}@h/db`,
  `authorization: [${secret}]`,
  `jwt: ${secret}`,
  "\t- &a *a",
  "? [a]",
  "<<: *b",
  "}",
  "---",
];

/** Reads a text; whatever it is, it is accepted or refused in our words. */
function read(text: string): void {
  try {
    const { notices } = readText(text);
    expect(JSON.stringify(notices)).not.toContain(secret);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    expect(error.message).not.toContain(secret);
    expect(error.problems.length).toBeGreaterThan(0);
    for (const { path, message } of error.problems) expect(`${path}: ${message}`).toMatch(/^[^\n]{3,500}$/);
  }
}

it("any text is accepted or refused in whole sentences", () => {
  fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 200 }), read), { numRuns: 500 });
});

it("any mixture of lines is accepted or refused, and never shows a secret", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...lines), { maxLength: 12 }), (mixture) =>
      read(mixture.join("\n")),
    ),
    { numRuns: 1_500 },
  );
});

it("any structure is accepted or refused in whole sentences", () => {
  const keys = fc.constantFrom(
    "upstreams",
    "endpoint",
    "jwt",
    "secret",
    "address",
    "server",
    "port",
    "chat",
    "models",
    "clocks",
    "cors",
    "x",
    "__proto__",
    "constructor",
  );
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { maxDepth: 4 },
      fc.oneof(fc.string(), fc.double(), fc.boolean(), fc.constant(null)),
      fc.array(tie("tree"), { maxLength: 3 }),
      fc.dictionary(keys, tie("tree"), { maxKeys: 4 }),
    ),
  }));
  fc.assert(
    fc.property(fc.dictionary(keys, tree, { maxKeys: 4 }), (value) => read(JSON.stringify(value))),
    { numRuns: 1_000 },
  );
  expect(({} as Record<string, unknown>).a).toBeUndefined();
});
