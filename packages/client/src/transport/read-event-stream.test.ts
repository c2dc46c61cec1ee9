import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readEventStream, type ServerSentEvent } from "./read-event-stream.ts";

async function* toChunks(bytes: Uint8Array, cuts: readonly number[]): AsyncGenerator<Uint8Array, void> {
  let from = 0;
  for (const cut of [...cuts.toSorted((a, b) => a - b), bytes.length]) {
    yield bytes.subarray(from, cut);
    from = cut;
  }
}

async function read(stream: string, cuts: readonly number[] = []): Promise<ServerSentEvent[]> {
  const events: ServerSentEvent[] = [];
  for await (const event of readEventStream(toChunks(new TextEncoder().encode(stream), cuts)))
    events.push(event);
  return events;
}

const stream =
  'event: connected\ndata: {}\n\n\n: ping\n\ndata: {"text":"漢字 👩‍👩‍👧"}\r\nid: run_1:4\r\n\r\ndata: a\ndata:b\ndata\nid\n\n\n';
const events = [
  { event: "connected", data: "{}", id: undefined },
  { event: "message", data: '{"text":"漢字 👩‍👩‍👧"}', id: "run_1:4" },
  { event: "message", data: "a\nb\n", id: "" },
];

describe("an event stream", () => {
  it("is read by the rules of the format, an id counting for its own event only", async () => {
    expect(await read(stream)).toEqual(events);
  });

  it("is the same however it is cut into chunks", async () => {
    const length = new TextEncoder().encode(stream).length;
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(length), { maxLength: 20 }), async (cuts) => {
        expect(await read(stream, cuts)).toEqual(events);
      }),
    );
  });

  it("ends with its last whole event", async () => {
    expect(await read("data: whole\nid: 1\n\ndata: half\nid: 2\n")).toEqual([
      { event: "message", data: "whole", id: "1" },
    ]);
  });

  it("is no event where there is no data", async () => {
    expect(await read("event: nothing\nid: 1\n\nid: 2\n\n")).toEqual([]);
  });
});
