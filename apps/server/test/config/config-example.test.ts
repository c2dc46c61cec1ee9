import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { findProblems, readText } from "./config-text.ts";
import { findLeaves } from "./schema-leaves.ts";

const example = readFileSync(new URL("../../../../config.example.yaml", import.meta.url), "utf8");
/** The same with every key set: a comment has an odd number of blanks after its #, a key an even one. */
const everything = example.replaceAll(/^( *)#((?: {2})*(?:- )?\w+:)/gm, "$1$2");

describe("config.example.yaml", () => {
  it("changes nothing as it is", () => {
    const { config, notices } = readText(example);
    const defaults = readText("").config;
    expect({ ...config, data: "", database: "" }).toEqual({ ...defaults, data: "", database: "" });
    expect(notices).toEqual([]);
  });

  it("documents every key, in whole sentences", () => {
    for (const { path, description } of findLeaves()) {
      const key = path.at(-1) ?? "";
      expect(example).toMatch(new RegExp(`^ *#?( *- | *)${key}:`, "m"));
      expect(description).toMatch(/\S/);
    }
  });

  it("shows the default of every key that has one", () => {
    for (const { path, standard } of findLeaves()) {
      if (typeof standard !== "number" && typeof standard !== "string") continue;
      expect(example).toContain(`${path.at(-1)}: ${JSON.stringify(standard)}`);
    }
  });

  it("has no mistake in its examples but the secrets to replace and the keys that exclude each other", () => {
    expect(
      findProblems(everything)
        .map(({ path }) => path)
        .toSorted(),
    ).toEqual([
      "address",
      "addresses",
      "jwt.secret",
      "master_key",
      "master_key_file",
      "stream_timeout",
      "timeout",
      "upstreams[0].allow",
      "upstreams[0].stream_timeout",
      "upstreams[0].timeout",
    ]);
  });

  it("has secrets that no server starts with", () => {
    const [secret = ""] = /"<replace this: openssl rand -base64 48>"/.exec(example) ?? [];
    expect(findProblems(`jwt: { secret: ${secret} }`)[0]?.message).toContain("is a sample");
  });
});
