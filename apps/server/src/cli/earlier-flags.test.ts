import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { translateEarlierFlags } from "./earlier-flags.ts";

/** [as the earlier gateway was called, as this program is] */
const calls: readonly (readonly [string, string])[] = [
  ["-addr :8888", "--addr=:8888"],
  ["--addr=:8888 -database ./db.sqlite", "--addr=:8888 --database=./db.sqlite"],
  ["-config ./config.yaml -noauth", "--config=./config.yaml --noauth"],
  ["-noauth=false", ""],
  ["-noauth -noauth=F", ""],
  ["-noauth=true -dblog", "--noauth --log-level=debug"],
  ["-dblog -log-level warn", "--log-level=warn"],
  ["-list", "upstream list --plain"],
  ["-list -database db -addr :1 -noauth -dblog", "upstream list --plain --database=db"],
  ["--list=1 --config c.yaml", "upstream list --plain --config=c.yaml"],
  ["-add -sk sk-1", "upstream add --endpoint=https://api.openai.com/v1 --key=sk-1"],
  [
    "-database=d -add -endpoint http://h/v1 -sk sk-1 -list",
    "upstream add --database=d --endpoint=http://h/v1 --key=sk-1",
  ],
  ["-add -sk=-dashed=key", "upstream add --endpoint=https://api.openai.com/v1 --key=-dashed=key"],
  ["-add", "upstream add --endpoint=https://api.openai.com/v1 --key"],
  ["-sk sk-1 -endpoint http://h", ""],
  ["-addr :1 -addr :2", "--addr=:2"],
  ["-addr", "--addr"],
  ["-help", "--help"],
  // What nobody knows stays, for the program to refuse.
  ["-noauth=maybe", "-noauth=maybe"],
  ["-nonsense x -list", "-nonsense x -list"],
  ["-noauth false -list", "--noauth false -list"],
  ["-noauth -- -list", "--noauth -- -list"],
  ["---addr x", "---addr x"],
  ["- -list", "- -list"],
  // Calls in this program's own manner.
  ["", ""],
  ["--help", "--help"],
  ["-h", "-h"],
  ["--data ./x --log-level debug", "--data=./x --log-level=debug"],
  ["user list -config x", "user list -config x"],
  ["upstream add -sk x", "upstream add -sk x"],
];

const toWords = (text: string) => text.split(" ").filter((word) => word !== "");

describe("the earlier gateway's flags", () => {
  it.each(calls)("%j means %j", (earlier, ours) => {
    expect(translateEarlierFlags(toWords(earlier))).toEqual(toWords(ours));
  });

  const value = fc.string({ minLength: 1, maxLength: 20 });
  const setting = fc.record({
    name: fc.constantFrom("addr", "database", "config", "data", "log-level", "sk", "endpoint"),
    value,
    dashes: fc.constantFrom("-", "--"),
    isJoined: fc.boolean(),
  });

  it("mean the same with one dash and with two, joined and apart, and the last one counts", () => {
    fc.assert(
      fc.property(fc.array(setting, { maxLength: 8 }), fc.boolean(), (settings, isList) => {
        const words = settings.flatMap(({ dashes, name, value: text, isJoined }) =>
          isJoined ? [`${dashes}${name}=${text}`] : [`${dashes}${name}`, text],
        );
        const translated = translateEarlierFlags([isList ? "-list" : "-noauth", ...words]);
        const last = new Map<string, string>(settings.map(({ name, value: text }) => [name, text]));
        const served = ["addr", "config", "data", "database", "log-level"];
        const shown = isList ? ["config", "data", "database"] : served;
        const expected = shown.flatMap((name) => (last.has(name) ? [`--${name}=${last.get(name)}`] : []));
        expect(translated).toEqual(
          isList ? ["upstream", "list", "--plain", ...expected] : [...expected, "--noauth"],
        );
      }),
    );
  });

  it("are all that is looked at: a call that begins with a command is left as it is", () => {
    const word = fc.oneof(value, fc.constantFrom("-add", "-list", "--noauth", "-sk", "--"));
    fc.assert(
      fc.property(fc.constantFrom("serve", "user", "upstream"), fc.array(word), (command, words) => {
        expect(translateEarlierFlags([command, ...words])).toEqual([command, ...words]);
      }),
    );
  });

  it("never lose a word that they do not know", () => {
    const unknown = fc.constantFrom("-x", "--verbose", "-n=5", "-listing", "--address=1");
    fc.assert(
      fc.property(fc.array(unknown, { minLength: 1 }), (words) => {
        expect(translateEarlierFlags(["-noauth", ...words])).toEqual(["--noauth", ...words]);
      }),
    );
  });
});
