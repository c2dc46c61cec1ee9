import { expect, test } from "vitest";
import { recordings } from "./recordings.ts";
import { scanText } from "./scan-stream.ts";

test("U33: there are thirty of them", () => {
  expect(new Set(recordings.map(({ name }) => name)).size).toBe(30);
});

test.each(recordings)("U33: $name", ({ kind, stream, progress, passes = stream }) => {
  const scanned = scanText(stream, { kind });
  expect(scanned.fault).toBeUndefined();
  expect(scanned).toMatchObject(progress);
  expect(scanned.passed).toBe(passes);
});

test.each(recordings)(
  "C: $name, without its last frame that says so, is no whole answer",
  ({ kind, stream }) => {
    const frames = stream
      .split("\n\n")
      .filter((frame) => /finish_reason":null|choices":null|"delta":"/.test(frame));
    const { finishReason, isDone } = scanText(`${frames.join("\n\n")}\n\n`, { kind });
    expect([finishReason, isDone]).toEqual([undefined, false]);
  },
);
