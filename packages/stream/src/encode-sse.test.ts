import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeSse, ssePing, type SseFrame } from "./encode-sse.ts";

type Parsed = { events: { id: string; event: string; data: string }[]; retryMs: number | undefined };

/** Reads a whole stream by the rules of https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream */
function parse(stream: string): Parsed {
  const parsed: Parsed = { events: [], retryMs: undefined };
  const lines = stream.replace(/^\ufeff/, "").split(/\r\n|\r|\n/);
  // What stands behind the last line break is no line yet.
  lines.pop();
  let id = "";
  let event = "";
  let data = "";
  for (const line of lines) {
    if (line === "") {
      if (data !== "") parsed.events.push({ id, event: event || "message", data: data.slice(0, -1) });
      event = "";
      data = "";
      continue;
    }
    const [, field, value = ""] = /^([^:]*)(?:: ?(.*))?$/su.exec(line) ?? [];
    if (field === "event") event = value;
    else if (field === "data") data += `${value}\n`;
    else if (field === "id" && !value.includes("\0")) id = value;
    else if (field === "retry" && /^\d+$/.test(value)) parsed.retryMs = Number(value);
  }
  return parsed;
}

const line = fc
  .string({ unit: fc.constantFrom("a", ":", " ", "é", "😀", "\u2028", "\t", "\ufeff", "data", "id:") })
  .filter((text) => !/[\r\n\0]/.test(text));
const text = fc.string({
  unit: fc.constantFrom("a", ":", " ", "\n", "\r", "\r\n", "😀", "\0", "data: ", "\n\n"),
});

describe("encodeSse", () => {
  it("writes what a reader of the format reads back, line breaks as line feeds", () => {
    const frames = fc.array(fc.record({ id: line, event: line, data: text }), { maxLength: 8 });
    fc.assert(
      fc.property(frames, (written) => {
        const { events } = parse(written.map((frame) => encodeSse(frame)).join(""));
        expect(events).toEqual(
          written.map(({ id, event, data }) => ({
            id,
            event: event === "" ? "message" : event,
            data: data.replaceAll(/\r\n|\r/g, "\n"),
          })),
        );
      }),
    );
  });

  it("carries any JSON exactly", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const [event] = parse(encodeSse({ data: JSON.stringify(value) })).events;
        expect(event?.data).toBe(JSON.stringify(value));
      }),
    );
  });

  it("writes fields in an order that tells the id before the event goes out", () => {
    const frame: SseFrame = { id: "run_1:4", event: "delta", data: "a\nb", retryMs: 500 };
    expect(encodeSse(frame)).toBe("retry: 500\nid: run_1:4\nevent: delta\ndata: a\ndata: b\n\n");
    expect(parse(encodeSse(frame)).retryMs).toBe(500);
  });

  it("writes an event whose data is empty as an event", () => {
    expect(parse(encodeSse({ data: "" })).events).toEqual([{ id: "", event: "message", data: "" }]);
  });

  it("keeps the id of the event before where none is given", () => {
    const stream = encodeSse({ id: "1", data: "a" }) + encodeSse({ data: "b" });
    expect(parse(stream).events.map(({ id }) => id)).toEqual(["1", "1"]);
  });

  it.each(["a\nb", "a\rb", "a\0b", "\n"])(
    "refuses the id or name %j, which would become other fields",
    (value) => {
      expect(() => encodeSse({ id: value, data: "" })).toThrow(RangeError);
      expect(() => encodeSse({ event: value, data: "" })).toThrow(RangeError);
    },
  );
});

it("pings with a comment that readers do not see", () => {
  expect(
    parse(encodeSse({ data: "a" }) + ssePing + encodeSse({ data: "b" })).events.map(({ data }) => data),
  ).toEqual(["a", "b"]);
});
