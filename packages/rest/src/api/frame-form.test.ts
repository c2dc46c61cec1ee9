import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bareForm, chooseForm, linesForm, sseForm, type Frame } from "./frame-form.ts";

describe("chooseForm", () => {
  it.each([
    [undefined, bareForm],
    ["", bareForm],
    ["*/*", bareForm],
    ["application/json", bareForm],
    ["text/*", bareForm],
    ["text/event-stream, application/json", bareForm],
    ["text/event-stream", sseForm],
    ["text/event-stream;q=0.5", sseForm],
    [" TEXT/EVENT-STREAM ", sseForm],
    ["application/x-ndjson", linesForm],
    ["text/event-stream, application/x-ndjson", linesForm],
    ["Application/X-NDJSON; charset=utf-8", linesForm],
    [",,;;", bareForm],
  ])("answers the wish for %j", (accept, form) => {
    expect(chooseForm(accept)).toBe(form);
  });
});

describe("the forms", () => {
  const frame: Frame = { event: "message", data: "a", id: "run_x:1" };

  it("are what the contract shows, to the byte", () => {
    expect(bareForm.encode(frame)).toBe('{"event":"message","data":"a"}\n\n');
    expect(sseForm.encode(frame)).toBe(
      'id: run_x:1\nevent: message\ndata: {"event":"message","data":"a"}\n\n',
    );
    expect(linesForm.encode(frame)).toBe('{"event":"message","data":"a"}\n');
    expect(sseForm.encode({ event: "error", data: "no" })).toBe(
      'event: error\ndata: {"event":"error","data":"no"}\n\n',
    );
  });

  it("carry any text on one line of its own", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (data) => {
        const [bare = "", ...more] = bareForm.encode({ ...frame, data }).split("\n");
        expect(more).toEqual(["", ""]);
        expect(JSON.parse(bare)).toEqual({ event: "message", data });
        expect(linesForm.encode({ ...frame, data })).toBe(`${bare}\n`);
        expect(sseForm.encode({ ...frame, data })).toBe(`id: run_x:1\nevent: message\ndata: ${bare}\n\n`);
      }),
    );
  });

  it("send nothing between frames where a caller would take it for one", () => {
    expect([bareForm.ping, linesForm.ping]).toEqual([undefined, undefined]);
    expect(sseForm.ping).toMatch(/^:.*\n\n$/);
  });
});
