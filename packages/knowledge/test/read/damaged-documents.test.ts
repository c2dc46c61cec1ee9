import fc from "fast-check";
import { expect, it } from "vitest";
import type { DocumentKind } from "../../src/ports.ts";
import { readDocument } from "../../src/read/read-document.ts";
import { UnreadableDocument } from "../../src/read/unreadable-document.ts";
import { makeDocx, paragraph, styled, table } from "../documents/make-docx.ts";

const sound: Readonly<Record<Exclude<DocumentKind, "pdf">, Buffer>> = {
  text: Buffer.from("One paragraph.\n\nAnother — 漢字.\n"),
  markdown: Buffer.from("# One\n\ntext\n\n- a\n- b\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```\ncode\n```\n"),
  html: Buffer.from(
    "<title>T</title><h1>H</h1><p>a<br>b<ul><li>x</ul><table><tr><th>a<th>b<tr><td>1<td>2</table><pre>c</pre>",
  ),
  docx: makeDocx(
    styled("berschrift1", "Head") +
      paragraph("text") +
      table([
        ["a", "b"],
        ["1", "2"],
      ]),
  ),
  csv: Buffer.from('a,b\n1,"x ""y"""\n2,z\n'),
  json: Buffer.from('{"a":[1,{"b":"c"}],"d":null}'),
  code: Buffer.from("function a() {\n  b();\n}\n\nfunction c() {}\n"),
};

const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255), fc.constantFrom("set", "cut", "double")), {
  minLength: 1,
  maxLength: 8,
});

function damaged(bytes: Buffer, steps: readonly (readonly [number, number, string])[]): Uint8Array {
  let result = Buffer.from(bytes);
  for (const [at, value, step] of steps) {
    const place = at % (result.length + 1);
    if (step === "set" && place < result.length) result[place] = value;
    else if (step === "cut")
      result = Buffer.concat([result.subarray(0, place), result.subarray(place + (value % 16))]);
    else result = Buffer.concat([result.subarray(0, place), result.subarray(Math.max(0, place - value))]);
  }
  return new Uint8Array(result);
}

it.each(Object.keys(sound) as (keyof typeof sound)[])(
  "damage to a document leaves blocks that stand in their text, or the owner's sentence: %s",
  async (kind) => {
    await fc.assert(
      fc.asyncProperty(damage, async (steps) => {
        const input = { bytes: damaged(sound[kind], steps), textCharsMax: 100_000 };
        const outcome = await readDocument(kind, input).catch((error: unknown) => error);
        if (outcome instanceof UnreadableDocument) {
          expect(outcome.message).toMatch(/^The document .*\.$|^The (?:page|table|file) .*\.$/u);
          return;
        }
        const { text, blocks } = outcome as Awaited<ReturnType<typeof readDocument>>;
        let end = 0;
        for (const block of blocks) {
          expect(block.start).toBeGreaterThanOrEqual(end);
          expect(block.end).toBeGreaterThan(block.start);
          ({ end } = block);
        }
        expect(end).toBeLessThanOrEqual(text.length);
        expect(text.isWellFormed()).toBe(true);
      }),
      { numRuns: 150 },
    );
  },
);
