import type { ReadDocument } from "../ports.ts";
import { createFlowWriter } from "./flow-writer.ts";
import { blockTags } from "./html-tags.ts";

/** Takes the elements of a page in their order, and makes blocks of them. */
export type PageWriter = {
  open(tag: string): void;
  close(tag: string): void;
  write(text: string): void;
  build(): ReadDocument;
};

/** Starts a page. */
export function createPageWriter(textCharsMax: number): PageWriter {
  const flow = createFlowWriter(textCharsMax);
  /** Open lists, outermost first: the number of the next item, or none. */
  const lists: (number | undefined)[] = [];
  let preformatted = 0;

  const openItem = () => {
    const number = lists.at(-1);
    if (number !== undefined) lists[lists.length - 1] = number + 1;
    const indent = "  ".repeat(Math.min(Math.max(0, lists.length - 1), 8));
    flow.begin({ kind: "item", mark: indent + (number === undefined ? "-" : `${number}.`) });
  };
  const opening = new Map<string, () => void>([
    ["br", () => flow.write("\n")],
    ["li", openItem],
    ["ul", () => void lists.push(undefined)],
    ["ol", () => void lists.push(1)],
    ["table", () => flow.beginTable()],
    ["tr", () => flow.beginRow()],
    ["td", () => flow.beginCell()],
    ["th", () => flow.beginCell()],
    ["caption", () => flow.beginRow()],
    ["pre", () => flow.begin({ kind: "code" })],
  ]);
  const closing = new Map<string, () => void>([
    ["ul", () => void lists.pop()],
    ["ol", () => void lists.pop()],
    ["li", () => flow.begin({ kind: "paragraph" })],
    ["table", () => flow.endTable()],
    ["pre", () => flow.end()],
  ]);

  return {
    open(tag) {
      if (tag === "pre") preformatted++;
      const level = toLevel(tag);
      if (level !== undefined) flow.begin({ kind: "heading", level });
      else if (blockTags.has(tag)) flow.end();
      else opening.get(tag)?.();
    },
    close(tag) {
      if (tag === "pre") preformatted--;
      if (toLevel(tag) !== undefined || blockTags.has(tag)) flow.end();
      else closing.get(tag)?.();
    },
    write(text) {
      flow.write(preformatted > 0 ? text : text.replaceAll(/\s+/gu, " "));
    },
    build: () => flow.build(),
  };
}

/** A page's title is a heading above all that is in it. */
function toLevel(tag: string): number | undefined {
  if (tag === "title") return 1;
  return /^h[1-6]$/u.test(tag) ? Number(tag.charAt(1)) : undefined;
}
