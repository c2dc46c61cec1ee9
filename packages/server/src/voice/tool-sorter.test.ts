import { describe, expect, it } from "vitest";
import { createToolSorter } from "./tool-sorter.ts";

const own = new Set(["own__one", "own__two"]);
const call = (index: number | undefined, name: string, id?: string, text = "{}") => ({
  tool_calls: [{ index, id, type: "function", function: { name, arguments: text } }],
});
const piece = (index: number, text: string) => ({ tool_calls: [{ index, function: { arguments: text } }] });

describe("calls", () => {
  it("that are ours are kept, joined from their pieces", () => {
    const sorter = createToolSorter({ own, hasCallersTools: true });
    expect(sorter.take(call(0, "own__one", "a", ""))).toEqual([]);
    expect(sorter.take(piece(0, '{"x"'))).toEqual([]);
    expect(sorter.take(piece(0, ":1}"))).toEqual([]);
    expect(sorter.own()).toEqual([{ id: "a", name: "own__one", arguments: '{"x":1}' }]);
    expect(sorter.isHandedBack).toBe(false);
  });

  it("that are the caller's are given back, numbered from 0 whatever stood before them", () => {
    const sorter = createToolSorter({ own, hasCallersTools: true });
    sorter.take(call(0, "own__one", "a"));
    expect(sorter.take(call(1, "theirs", "b", ""))).toMatchObject([{ index: 0, id: "b" }]);
    sorter.take(call(2, "own__two", "c"));
    expect(sorter.take(call(3, "theirs", "d"))).toMatchObject([{ index: 1, id: "d" }]);
    expect(sorter.take(piece(1, "more"))).toMatchObject([{ index: 0, function: { arguments: "more" } }]);
    expect(sorter.own().map(({ id }) => id)).toEqual(["a", "c"]);
    expect(sorter.isHandedBack).toBe(true);
  });

  it("are told apart where a provider gives all of them the same number, or none", () => {
    for (const index of [0, undefined]) {
      const sorter = createToolSorter({ own, hasCallersTools: true });
      expect(sorter.take(call(index, "theirs", "a"))).toMatchObject([{ index: 0 }]);
      expect(sorter.take(call(index, "own__one", "b"))).toEqual([]);
      expect(sorter.take(call(index, "theirs", "c"))).toMatchObject([{ index: 1 }]);
      expect(sorter.own()).toMatchObject([{ id: "b" }]);
    }
  });

  it("are ours where the caller has no tools, also those of tools that there are not", () => {
    const sorter = createToolSorter({ own, hasCallersTools: false });
    expect(sorter.take(call(0, "nobodys", "a"))).toEqual([]);
    expect(sorter.own()).toMatchObject([{ name: "nobodys" }]);
  });
});
