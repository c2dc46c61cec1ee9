import { expect, it } from "vitest";
import { readPartHead } from "./part-head.ts";

const toHead = (parameters: string) => Buffer.from(`Content-Disposition: form-data${parameters}`);

it.each([
  ["blanks", " "],
  ["semicolons and blanks", "; "],
  ["names that are none", ';name="'],
  ["escapes", "\\\\"],
])("takes no longer over a head full of %s than over others", (_what, filling) => {
  const head = toHead(`; name="file"; filename="a.txt"${filling.repeat(16_000 / filling.length)}`);
  const begun = performance.now();
  for (let count = 0; count < 20; count++) expect(readPartHead(head).name).toBe("file");
  // What grows with the square of the length takes seconds.
  expect(performance.now() - begun).toBeLessThan(500);
});

it("finds a name that is percent-encoded wherever it stands", () => {
  expect(readPartHead(toHead("; filename*=UTF-8''%E4%BA%8C.md ; name=b")).fileName).toBe("二.md");
  expect(readPartHead(toHead("; name=b;filename=\"no\"; filename*=utf-8''a.md")).fileName).toBe("a.md");
});
