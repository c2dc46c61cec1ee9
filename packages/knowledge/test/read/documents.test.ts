import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeDocx, paragraph, styled, table } from "../documents/make-docx.ts";
import { makePdf } from "../documents/make-pdf.ts";
import { startReading, toWholeText, type Reading } from "../documents/reading.ts";

let reading: Reading;
beforeAll(async () => {
  reading = await startReading();
});
afterAll(() => reading[Symbol.asyncDispose]());

async function readText(name: string, content: string | Uint8Array): Promise<string> {
  return toWholeText(await reading.readAll(name, content));
}

/** Text in an encoding of one or two bytes a character, which Node decodes only. */
function encode(label: string, text: string): Buffer {
  const decoder = new TextDecoder(label);
  const codes = new Map<string, number[]>();
  for (let high = 0x81; high < 0xff; high++) {
    for (let low = 0x40; low < 0xff; low++) {
      const character = decoder.decode(Uint8Array.of(high, low));
      if (!codes.has(character)) codes.set(character, [high, low]);
    }
  }
  return Buffer.from([...text].flatMap((character) => codes.get(character) ?? character.charCodeAt(0)));
}

describe("text", () => {
  const german = "Die Größe der Straße überrascht: fünf Meter, öfter weniger. Äpfel kosten 3 €.";
  const japanese = "これは日本語の文書です。検索できるように読みます。一番大事なことは、人が使えることです。";
  const chinese = "这是一份关于我们公司的文件，里面有很多不同的内容。我们在这里可以找到所有的问题和答案。";
  const traditional =
    "這是一份關於我們公司的文件，裡面有很多不同的內容。我們在這裡可以找到所有的問題和答案。";
  const korean = "이것은 우리 회사에 대한 문서입니다. 여기에서 모든 질문과 대답을 찾을 수 있습니다.";

  it.each([
    ["UTF-8", german, Buffer.from(german)],
    ["UTF-8 with a mark", german, Buffer.from(`\uFEFF${german}`)],
    ["UTF-16", japanese, Buffer.from(`\uFEFF${japanese}`, "utf16le")],
    ["UTF-16, the other way round", japanese, Buffer.from(`\uFEFF${japanese}`, "utf16le").swap16()],
    ["UTF-16 without a mark", german, Buffer.from(german, "utf16le")],
    ["Windows 1252", german, Buffer.from(german.replaceAll("€", "\u0080"), "latin1")],
    ["Shift JIS", japanese, encode("shift_jis", japanese)],
    ["EUC-JP", japanese, encode("euc-jp", japanese)],
    ["GB 18030", chinese, encode("gb18030", chinese)],
    ["Big5", traditional, encode("big5", traditional)],
    ["EUC-KR", korean, encode("euc-kr", korean)],
    ["KOI8-R", "Привет, как дела", Buffer.from("f0d2c9d7c5d42c20cbc1cb20c4c5ccc1", "hex")],
  ])("is read in %s", async (_name, text, bytes) => {
    expect(await readText("notes.txt", bytes)).toBe(text);
  });

  it("is read in UTF-8 also where a few characters are broken", async () => {
    const text = japanese.repeat(3);
    const bytes = Buffer.from(text).subarray(0, -1);
    expect(await readText("notes.txt", bytes)).toBe(`${text.slice(0, -1)}\uFFFD`);
  });

  it("has lines that end in one way, and nothing invisible", async () => {
    expect(await readText("notes.txt", "one\r\ntwo\rthree\u0007")).toBe("one\ntwo\nthree");
  });

  it("is cut where it stands: offsets count in the text as it was written", async () => {
    const text = "First paragraph.\n\nSecond one.";
    const [passage] = await reading.readAll("notes.txt", text);
    expect(passage).toMatchObject({ start: 0, end: text.length, content: text, headings: [] });
  });
});

describe("Markdown", () => {
  it("is cut at its headings, which its passages carry", async () => {
    const text =
      "Preface.\n\n# Guide *to* it\n\nIntro.\n\n## [Setup](https://a.example)\n\nSteps:\n\n1. a\n2. b\n\nOther\n=====\n\n```sh\n# no heading\n```\n";
    const passages = await reading.readAll("guide.md", text);
    expect(passages.map(({ headings, content }) => ({ headings, content }))).toEqual([
      { headings: [], content: "Preface." },
      { headings: ["Guide to it"], content: "# Guide *to* it\n\nIntro." },
      {
        headings: ["Guide to it", "Setup"],
        content: "## [Setup](https://a.example)\n\nSteps:\n\n1. a\n2. b",
      },
      { headings: ["Other"], content: "Other\n=====\n\n```sh\n# no heading\n```" },
    ]);
    for (const { start, end, content } of passages) expect(text.slice(start, end)).toBe(content);
  });

  it("takes the settings in front for no heading", async () => {
    const [passage] = await reading.readAll("page.md", "---\ntitle: Page\n---\n\nText.\n");
    expect(passage).toMatchObject({ headings: [], content: "---\ntitle: Page\n---\n\nText." });
  });
});

describe("HTML", () => {
  it("is what somebody would read of the page", async () => {
    const page = `<!doctype html><html><head><title>Shop</title><style>p { color: red }</style></head><body>
      <nav><a href="/">Home</a></nav><script>alert("gone")</script>
      <div hidden>gone</div><p style="display: none">gone</p><p aria-hidden="true">gone</p>
      <h1>Prices</h1><p>All prices &amp; fees<br>are <b>net</b>.</p>
      <ul><li>First</li><li><p>Second</p><ol><li>Inner<li>Other</ol></li></ul>
      <pre>let a = 1;\n  let b;</pre>
      <table><tr><th>Name</th><th>Price</th></tr><tr><td>Tea</td><td>3 €</td></tr><tr><td>Coffee</td><td></td></tr></table>
      <p><ruby>漢字<rt>かんじ</rt></ruby>の説明<noscript>gone</noscript><svg><text>gone</text></svg></p></body></html>`;
    expect(await readText("shop.html", page)).toBe(
      [
        "Shop",
        "Prices",
        "All prices & fees\nare net.",
        "- First\n- Second\n  1. Inner\n  2. Other",
        "let a = 1;\n  let b;",
        "Name: Tea; Price: 3 €\nName: Coffee",
        "漢字の説明",
      ].join("\n\n"),
    );
  });

  it("goes on behind tags that nobody closed", async () => {
    expect(await readText("a.html", "<div><p>One<p>Two<table><tr><td>a<td>b<tr><td>1<td>2")).toBe(
      "One\n\nTwo\n\na: 1; b: 2",
    );
  });

  it("is in the encoding that it names", async () => {
    const page = `<meta charset="iso-8859-2"><p>Žluťoučký kůň`;
    const codes: Record<string, number> = { Ž: 0xae, ť: 0xbb, č: 0xe8, ý: 0xfd, ů: 0xf9, ň: 0xf2 };
    const bytes = Buffer.from(Array.from(page, (character) => codes[character] ?? character.charCodeAt(0)));
    expect(await readText("a.html", bytes)).toBe("Žluťoučký kůň");
  });

  it("makes paragraphs of a table that only places them", async () => {
    expect(await readText("a.html", "<table><tr><td>One.</td></tr><tr><td>Two.</td></tr></table>")).toBe(
      "One.\n\nTwo.",
    );
  });
});

describe("CSV", () => {
  it.each([",", ";", "\t", "|"])(
    "says in each line what its values are, separated by %j",
    async (separator) => {
      const rows = [
        ["Name", "City, or place", "Note"],
        ["Ada", "London", 'called "A"'],
        ["李", "", "x;y,z\tw"],
      ];
      const text = rows
        .map((row) => row.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(separator))
        .join("\r\n");
      expect(await readText("people.csv", text)).toBe(
        'Name: Ada; City, or place: London; Note: called "A"\nName: 李; Note: x;y,z w',
      );
    },
  );

  it("has no names of columns where the first line has numbers", async () => {
    expect(await readText("a.csv", "1,2\n3,4\n")).toBe("1 | 2\n3 | 4");
  });

  it("forgives rows of another length and quotation marks in the middle", async () => {
    expect(await readText("a.csv", 'a,b\n1\n2,3,4\n5" pipe,6\n')).toBe(
      'a: 1\na: 2; b: 3; 4\na: 5" pipe; b: 6',
    );
  });
});

describe("JSON", () => {
  it("has a line for each value, behind its path", async () => {
    const value = { name: "Ada", born: { year: 1815, place: "London" }, tags: ["a", "b"], none: null };
    expect(await readText("a.json", JSON.stringify(value))).toBe(
      "name: Ada\n\nborn.year: 1815\nborn.place: London\n\ntags: a\ntags: b\n\nnone: null",
    );
  });

  it("may be an array, or a value on each line", async () => {
    expect(await readText("a.json", '[{"q":"x"},{"q":"y"}]')).toBe("q: x\n\nq: y");
    expect(await readText("a.jsonl", '{"q":"x"}\n\n{"q":"y"}\n')).toBe("q: x\n\nq: y");
  });

  it("keeps no half of a character", async () => {
    expect(await readText("a.json", String.raw`{"a":"\ud800x"}`)).toBe("a: \uFFFDx");
  });
});

describe("code", () => {
  it("stays as it is, and is cut between what stands at the margin", async () => {
    const part = (name: string) => `function ${name}() {\n${"  work();\n\n".repeat(60)}}\n`;
    const text = `${part("first")}\n${part("second")}`;
    const passages = await reading.readAll("a.ts", text);
    expect(passages.map(({ end }) => end)).toEqual([part("first").length - 1, text.length - 1]);
    expect(passages[0]?.content).toBe(part("first").trim());
  });
});

describe("Word", () => {
  it("has headings by the name of their style, lists, tables, and text as it is printed", async () => {
    const run = (inner: string) => `<w:r>${inner}</w:r>`;
    const body = [
      styled("berschrift1", "Überblick"),
      `${paragraph("Erster &amp; zweiter.")}<w:p>${run("<w:t>Sicht</w:t>")}${run("<w:rPr><w:vanish/></w:rPr><w:t>verborgen</w:t>")}<w:del>${run("<w:delText>weg</w:delText>")}</w:del>${run("<w:t>bar</w:t><w:br/><w:t>neu</w:t>")}${run("<w:instrText>PAGE</w:instrText>")}</w:p>`,
      styled("Eigene", "Darunter"),
      paragraph("eins", "<w:numPr/>") + paragraph("zwei", "<w:numPr/>"),
      table([
        ["名前", "値"],
        ["東京", "1"],
      ]),
    ].join("");
    const passages = await reading.readAll("a.docx", makeDocx(body));
    expect(toWholeText(passages)).toBe(
      [
        "Überblick",
        "Erster & zweiter.",
        "Sichtbar\nneu",
        "Darunter",
        "- eins\n- zwei",
        "名前: 東京; 値: 1",
      ].join("\n\n"),
    );
    expect(passages.map(({ headings }) => headings)).toEqual([["Überblick"], ["Überblick", "Darunter"]]);
  });
});

describe("PDF", () => {
  const line = (text: string, y: number, size = 12) => ({ text, x: 72, y, size });

  it("has paragraphs, headings and pages, in Latin and other scripts", async () => {
    const passages = await reading.readAll(
      "a.pdf",
      makePdf([
        [
          line("A large title", 780, 24),
          line("The first paragraph goes on in a sec-", 740),
          line("ond line, and ends here.", 726),
          line("Another one stands further down.", 680),
        ],
        [line("第二ページの文章は次の行に", 780), line("続きます。", 766)],
      ]),
    );
    expect(passages).toMatchObject([
      {
        page: 1,
        headings: ["A large title"],
        content: expect.stringContaining(
          "The first paragraph goes on in a second line, and ends here.\n\nAnother",
        ) as string,
      },
    ]);
    expect(toWholeText(passages)).toContain("第二ページの文章は次の行に続きます。");
  });

  it("is read column by column, whatever was painted first", async () => {
    const column = (name: string, x: number) =>
      Array.from({ length: 8 }, (_, index) => ({
        text: `${name} line ${index} with some more words`,
        x,
        y: 700 - index * 14,
        size: 10,
      }));
    const rows = column("left", 60).flatMap((item, index) => [column("right", 320)[index] ?? item, item]);
    const text = await readText(
      "a.pdf",
      makePdf([
        [{ text: "A title over both of the columns of this page here", x: 60, y: 780, size: 18 }, ...rows],
      ]),
    );
    const order = [...text.matchAll(/(left|right) line (\d)/gu)].map(([whole]) => whole);
    const expected = ["left", "right"].flatMap((name) =>
      Array.from({ length: 8 }, (_, index) => `${name} line ${index}`),
    );
    expect(order).toEqual(expected);
    expect(text.startsWith("A title")).toBe(true);
  });

  it("is read row by row where it has a table", async () => {
    const rows = [
      ["Name", "Price"],
      ["Tea", "3"],
      ["Coffee", "4"],
      ["Water", "1"],
      ["Milk", "2"],
    ];
    const cells = rows.flatMap(([name = "", price = ""], index) => [
      { text: name, x: 72, y: 700 - index * 14 },
      { text: price, x: 300, y: 700 - index * 14 },
    ]);
    expect(await readText("a.pdf", makePdf([cells]))).toBe(
      "Name | Price\nTea | 3\nCoffee | 4\nWater | 1\nMilk | 2",
    );
  });

  it("leaves out what stands on every page", async () => {
    const pages = Array.from({ length: 6 }, (_, index) => [
      line("The running title", 810, 9),
      line(`Body of page ${["a", "b", "c", "d", "e", "f"][index]}.`, 700),
      line(`Page ${index + 1} of 6`, 30, 9),
    ]);
    expect(await readText("a.pdf", makePdf(pages))).toBe(
      ["a", "b", "c", "d", "e", "f"].map((name) => `Body of page ${name}.`).join("\n\n"),
    );
  });
});
