import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Passage, PassageSizes, ReadDocument, TextBlock } from "../../src/ports.ts";
import { cutPassages } from "../../src/split/cut-passages.ts";

const sizes: PassageSizes = { target: 100, max: 150, overlap: 40 };

function cut(text: string, kind: TextBlock["kind"] = "paragraph", given = sizes): Passage[] {
  return [...cutPassages({ text, blocks: [{ start: 0, end: text.length, kind, headings: [] }] }, given)];
}

function contents(passages: readonly Passage[]): string[] {
  return passages.map(({ content }) => content);
}

/** A document of blocks with a blank line in between. */
function documentOf(...parts: readonly (readonly [TextBlock["kind"], string, ...string[]])[]): ReadDocument {
  const blocks: TextBlock[] = [];
  let text = "";
  for (const [kind, content, ...headings] of parts) {
    if (text !== "") text += "\n\n";
    blocks.push({ start: text.length, end: text.length + content.length, kind, headings });
    text += content;
  }
  return { text, blocks };
}

const words = fc.stringMatching(/^[a-z]{1,12}$/);
const piece = fc.oneof(
  words,
  fc.string({ unit: "binary", maxLength: 30 }),
  fc.string({ unit: "grapheme", maxLength: 30 }),
  fc.constantFrom(
    "\n",
    "\n\n",
    ". ",
    "! ",
    "。",
    "，",
    " ",
    "\t",
    "漢字仮名交じり文",
    "ภาษาไทยไม่มีช่องว่าง",
    "👩‍👩‍👧‍👦",
    "Dr. ",
    "é́́́",
  ),
);
const anyText = fc.array(piece, { maxLength: 120, size: "max" }).map((parts) => parts.join(""));
const anyKind = fc.constantFrom("paragraph", "heading", "list", "table", "code");
const anyDocument = fc
  .tuple(anyText, fc.array(fc.tuple(fc.nat(), fc.nat(), anyKind), { maxLength: 12 }))
  .map(([text, raw]): ReadDocument => {
    const places = raw
      .flatMap(([a, b]) => [a % (text.length + 1), b % (text.length + 1)])
      .toSorted((a, b) => a - b);
    const blocks = raw.map(([, , kind], index) => ({
      start: places[index * 2] ?? 0,
      end: places[index * 2 + 1] ?? 0,
      kind,
      headings: [],
    }));
    return { text, blocks };
  });
const anySizes = fc
  .tuple(fc.integer({ min: 64, max: 300 }), fc.nat(200), fc.nat(100))
  .map(([target, more, share]): PassageSizes => {
    return { target, max: target + more, overlap: Math.floor((target / 2) * (share / 100)) };
  });

describe("passages of any text", () => {
  it("stand where they say, are no longer than allowed, and begin one behind the other", () => {
    fc.assert(
      fc.property(anyDocument, anySizes, (document, given) => {
        let last: Passage | undefined;
        for (const passage of cutPassages(document, given)) {
          expect(document.text.slice(passage.start, passage.end)).toBe(passage.content);
          expect(passage.content.length).toBeLessThanOrEqual(given.max);
          expect(passage.content).toBe(passage.content.trim());
          expect(passage.content).not.toBe("");
          expect(passage.position).toBe(last === undefined ? 0 : last.position + 1);
          if (last !== undefined) {
            expect(passage.start).toBeGreaterThan(last.start);
            expect(passage.end).toBeGreaterThan(last.end);
            expect(last.end - passage.start).toBeLessThanOrEqual(given.overlap);
          }
          last = passage;
        }
      }),
      { numRuns: 300 },
    );
  });

  it("have all of it but blanks", () => {
    fc.assert(
      fc.property(anyDocument, anySizes, (document, given) => {
        let end = 0;
        for (const passage of cutPassages(document, given)) {
          expect(document.text.slice(end, Math.max(end, passage.start)).trim()).toBe("");
          ({ end } = passage);
        }
        expect(document.text.slice(end).trim()).toBe("");
      }),
      { numRuns: 300 },
    );
  });

  it("never begin or end inside of what is shown as one character", () => {
    const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });
    const unit = fc.constantFrom("👩‍👩‍👧‍👦", "🇩🇪", "e\u0301", "漢", "ก็", "한");
    fc.assert(
      fc.property(fc.array(unit, { maxLength: 400, size: "max" }), anySizes, (units, given) => {
        const text = units.join("");
        const boundaries = new Set(
          [...graphemes.segment(text)].map(({ index }) => index).concat(text.length),
        );
        for (const { start, end } of cut(text, "paragraph", given)) {
          expect(boundaries.has(start)).toBe(true);
          expect(boundaries.has(end)).toBe(true);
        }
      }),
      { numRuns: 200 },
    );
  });

  it("are whole characters in a text of many thousands without a space", () => {
    const family = "👩‍👩‍👧‍👦";
    for (const { start, content } of cut(`x${family.repeat(8000)}`)) {
      expect([0, 1]).toContain(start % family.length);
      expect(content.replaceAll(family, "")).toMatch(/^x?$/u);
    }
  });

  it("are the same each time", () => {
    fc.assert(
      fc.property(anyDocument, anySizes, (document, given) => {
        expect([...cutPassages(document, given)]).toEqual([...cutPassages(document, given)]);
      }),
      { numRuns: 50 },
    );
  });
});

describe("cutting", () => {
  it("ends passages at ends of sentences, and begins the next with the last of them", () => {
    const text = Array.from({ length: 12 }, (_, index) => `This is sentence number ${index}.`).join(" ");
    const passages = cut(text);
    for (const { content } of passages) {
      expect(content).toMatch(/^This.*\.$/u);
      expect(content.length).toBeLessThanOrEqual(sizes.target);
    }
    for (const [index, { start }] of passages.entries()) {
      const before = passages[index - 1];
      if (before !== undefined)
        expect(text.slice(start, before.end)).toMatch(/^This is sentence number \d+\.$/u);
    }
  });

  it.each([
    ["Chinese", "这是第一句话，它说明了一些事情。".repeat(20), /。$/u],
    ["Japanese", "これは文章です。それは別の文章でした！".repeat(20), /[。！]$/u],
    ["Hindi", "यह पहला वाक्य है। यह दूसरा वाक्य है। ".repeat(20), /।$/u],
    ["Arabic", "هل هذا سؤال؟ نعم هذا سؤال. ".repeat(20), /[؟.]$/u],
  ])("knows the ends of sentences in %s", (_language, text, end) => {
    const passages = cut(text);
    expect(passages.length).toBeGreaterThan(2);
    for (const { content } of passages) expect(content).toMatch(end);
  });

  it("divides Thai, which has neither full stops nor spaces, between words, and lets its passages overlap", () => {
    const text = "ฐานความรู้เก็บเอกสารขององค์กรไว้ค้นหา".repeat(30);
    const starts = new Set(
      [...new Intl.Segmenter("th", { granularity: "word" }).segment(text)].map(({ index }) => index),
    );
    const passages = cut(text);
    for (const [index, { start }] of passages.entries()) {
      expect(starts.has(start)).toBe(true);
      if (index > 0) expect(start).toBeLessThan(passages[index - 1]?.end ?? 0);
    }
  });

  it("takes abbreviations and initials for no ends of sentences", () => {
    const text =
      "The letter was sent by Dr. Smith and J. R. R. Tolkien to Prof. Miller. " +
      "It names several examples, e.g. Paris, vs. London, and cf. Fig. 3 of the book.";
    expect(contents(cut(text, "paragraph", { target: 80, max: 80, overlap: 0 }))).toEqual([
      "The letter was sent by Dr. Smith and J. R. R. Tolkien to Prof. Miller.",
      "It names several examples, e.g. Paris, vs. London, and cf. Fig. 3 of the book.",
    ]);
  });

  it("takes no end of a line for the end of a sentence", () => {
    const first = "The first sentence is one of forty letters.";
    const second = "The second one\ngoes on in the next line, and ends there.";
    expect(contents(cut(`${first}\n${second}`, "paragraph", { target: 64, max: 64, overlap: 0 }))).toEqual([
      first,
      second,
    ]);
  });

  it("cuts tables and code at lines", () => {
    const lines = Array.from({ length: 20 }, (_, index) => `    row.${index} = value; // and. more. of. it`);
    for (const kind of ["table", "code"] as const) {
      const passages = cut(lines.join("\n"), kind);
      for (const { content } of passages) {
        for (const line of content.split("\n"))
          expect(lines.map((whole) => whole.trim())).toContain(line.trim());
      }
    }
  });

  it("begins a passage at a heading, and keeps a heading with what follows it", () => {
    const document = documentOf(
      ["heading", "One"],
      ["paragraph", "A short one.", "One"],
      ["heading", "Two"],
      ["heading", "Three", "Two"],
      ["paragraph", "x".repeat(90), "Two", "Three"],
    );
    const passages = [...cutPassages(document, sizes)];
    expect(contents(passages)).toEqual(["One\n\nA short one.", `Two\n\nThree\n\n${"x".repeat(90)}`]);
    expect(passages.map(({ headings }) => headings)).toEqual([["One"], ["Two", "Three"]]);
  });

  it("rather begins a passage with a paragraph than divides it", () => {
    const first = "A first paragraph of some sixty characters. It has two of them.";
    const second = "The second one is about as long as that. And it has two as well.";
    expect(
      contents([
        ...cutPassages(documentOf(["paragraph", first], ["paragraph", second]), { ...sizes, overlap: 0 }),
      ]),
    ).toEqual([first, second]);
  });

  it("says on which page a passage begins", () => {
    const document = documentOf(["paragraph", "First."], ["paragraph", "Second.".repeat(18)]);
    const [first, second] = document.blocks;
    if (first === undefined || second === undefined) throw new Error("Two blocks were made.");
    const paged = {
      ...document,
      blocks: [
        { ...first, page: 1 },
        { ...second, page: 2 },
      ],
    };
    expect([...cutPassages(paged, { target: 64, max: 64, overlap: 0 })].map(({ page }) => page)).toEqual([
      1, 2, 2,
    ]);
  });

  it("has nothing to cut in a blank text", () => {
    expect(cut(" \n\t ")).toEqual([]);
    expect([...cutPassages({ text: "", blocks: [] }, sizes)]).toEqual([]);
  });

  it("looks no further than it has been asked for", () => {
    const document = documentOf(["paragraph", "First one.".repeat(30)], ["paragraph", "Second."]);
    const [first] = document.blocks;
    if (first === undefined) throw new Error("A block was made.");
    const lazy = {
      text: document.text,
      get blocks(): TextBlock[] {
        return [
          first,
          {
            ...first,
            start: first.end,
            get end(): number {
              throw new Error("Looked too far.");
            },
          },
        ];
      },
    };
    const passages = cutPassages(lazy, sizes);
    expect(passages.next().done).toBe(false);
    expect(() => [...passages]).toThrow("Looked too far.");
  });

  it.each([
    { target: 10, max: 100, overlap: 0 },
    { target: 100, max: 90, overlap: 0 },
    { target: 100, max: 100, overlap: 51 },
    { target: 100, max: 100, overlap: -1 },
  ])("refuses sizes that contradict each other: %j", (wrong) => {
    expect(() => cut("text", "paragraph", wrong)).toThrow(RangeError);
  });
});

describe("the time that cutting takes", () => {
  it.each([
    ["one word", "x"],
    ["spaces", " x"],
    ["full stops", ". "],
    ["abbreviations", "Dr. "],
    ["Chinese without marks", "漢"],
    ["marks on one letter", "\u0301"],
    ["lines", "\n"],
    ["opening brackets", "(["],
  ])("grows with the text, not with its square: %s", (_name, unit) => {
    const measure = (chars: number) => {
      const text = `a${unit.repeat(chars / unit.length)}b`;
      const begun = process.cpuUsage();
      const passages = cutPassages({ text, blocks: [] }, { target: 1000, max: 1500, overlap: 100 });
      while (passages.next().done !== true);
      const { user } = process.cpuUsage(begun);
      return user;
    };
    measure(20_000);
    const short = measure(50_000);
    // Ten times the text is a hundred times the work where it is the square, and noise is far from that.
    expect(measure(500_000)).toBeLessThan(Math.max(short, 5000) * 40);
  });
});
