import { expect, test } from "vitest";
import { createStreamScanner } from "../../src/scan/stream-scanner.ts";
import { chatOptions } from "./scan-stream.ts";

const mebi = 1024 * 1024;
const unlimited = { ...chatOptions, limits: { eventBytesMax: 512 * mebi, answerBytesMax: 512 * mebi } };
const content = `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: "a" } }] })}\n\n`;

/** Milliseconds that this thread has worked: others on the machine do not count. */
function readWork(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/** Milliseconds of work for reading so many bytes of this in reads of this size. */
function measure(shape: Shape, bytes: number): number {
  const text = Buffer.from(shape.unit.repeat(Math.ceil(shape.readBytes / shape.unit.length)));
  const scanner = createStreamScanner(unlimited);
  scanner.scan(Buffer.from(content));
  const start = readWork();
  for (let at = 0; at < bytes; at += shape.readBytes) scanner.scan(text.subarray(0, shape.readBytes));
  return readWork() - start;
}

type Shape = {
  readonly name: string;
  readonly unit: string;
  readonly readBytes: number;
  readonly bytes: number;
};

const shapes: readonly Shape[] = [
  { name: "one line without an end", unit: "x", readBytes: 64 * 1024, bytes: 100 * mebi },
  { name: "one line of data", unit: "data: x", readBytes: 64 * 1024 - 1, bytes: 100 * mebi },
  { name: "one line that drips", unit: "x", readBytes: 3, bytes: 3 * mebi },
  { name: "comments", unit: ": ping\n\n", readBytes: 64 * 1024, bytes: 50 * mebi },
  { name: "blank lines", unit: "\n", readBytes: 64 * 1024, bytes: 16 * mebi },
  { name: "blank lines of both kinds", unit: "\r\n\r", readBytes: 64 * 1024 + 1, bytes: 16 * mebi },
  { name: "lines of one event", unit: "data: \n", readBytes: 16 * 1024, bytes: 16 * mebi },
  { name: "events of nothing", unit: "data: null\n\n", readBytes: 16 * 1024, bytes: 8 * mebi },
  { name: "events of text", unit: content, readBytes: content.length * 100, bytes: 50 * mebi },
  { name: "events that drip", unit: content, readBytes: 7, bytes: 2 * mebi },
];

test.each(shapes)(
  "U25, U27: $name: ten times as much takes about ten times as long",
  { timeout: 60_000 },
  (shape) => {
    measure(shape, shape.bytes / 100);
    const least = (times: number, bytes: number): number =>
      Math.min(...Array.from({ length: times }, () => measure(shape, bytes)));
    // Quadratic time would be a hundred times as long.
    expect(least(2, shape.bytes)).toBeLessThan(45 * Math.max(least(3, shape.bytes / 10), 5));
  },
);
