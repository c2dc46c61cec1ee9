import { isDeepStrictEqual } from "node:util";
import type { ScanProgress } from "../../src/scan/scan-progress.ts";
import { parseEvents, scanPlainly } from "./reference-scan.ts";
import { scanAll } from "./scan-stream.ts";

/** Numbers that are the same for the same seed. */
function createRandom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

type Random = ReturnType<typeof createRandom>;

const words = [
  "Hello",
  " world",
  "",
  "中文",
  "😀",
  "\ud83d",
  "\ude00",
  '"',
  "\\",
  "\n",
  "\u2028",
  "data: x",
  "[DONE]",
  "é",
  "}",
  "\0",
];
const ends = ["\n", "\r\n", "\r"] as const;
const odd = [
  "data: ping",
  "data:",
  "data: null",
  "data: {",
  "data: 5",
  'data: {"type":"ping"}',
  ": comment",
  "id: 7",
  "retry: 9",
  "event: x",
  "foo",
  "data",
];

const pick = <TItem>(random: Random, items: readonly TItem[]): TItem => items[random(items.length)] as TItem;

function writeFrame(random: Random, base: object): string {
  const content = pick(random, words);
  const delta = pick<object>(random, [
    { content },
    { content },
    { content },
    { content },
    { role: "assistant", content },
    { reasoning_content: content },
    { content, reasoning: "r" },
    {},
  ]);
  const finish = random(12) === 0 ? pick(random, ["stop", "length", "error"]) : null;
  const value = { ...base, choices: random(15) === 0 ? [] : [{ index: 0, delta, finish_reason: finish }] };
  const more = random(10) === 0 ? { usage: { prompt_tokens: random(9), completion_tokens: -1 } } : {};
  const gap = random(20) === 0 ? 1 : undefined;
  return JSON.stringify({ ...value, ...more, obfuscation: "x".repeat(random(4)) }, undefined, gap);
}

function writeEvent(random: Random, base: object): string[] {
  const lines = writeFrame(random, base).split("\n");
  const prefix = random(15) === 0 ? "data:" : "data: ";
  const event = [...lines.map((line) => prefix + line), ""];
  if (random(12) === 0) event.unshift(pick(random, odd.slice(6)));
  if (random(12) === 0) event.push(pick(random, odd), "");
  if (random(40) === 0) event.unshift("event: error");
  return event;
}

/** A stream with everything in it that may come, lines ended in one way or in all. */
function writeStream(random: Random): Buffer {
  const base = { id: "c", object: "chat.completion.chunk", created: 1, model: "m" };
  const events = Array.from({ length: 3 + random(6) }, () => writeEvent(random, base));
  const lines = [...events.flat(), ...(random(3) > 0 ? ["data: [DONE]", ""] : [])];
  const end = random(4) === 0 ? undefined : pick(random, ends);
  const mark = random(10) === 0 ? "\uFEFF" : "";
  return Buffer.from(mark + lines.map((line) => line + (end ?? pick(random, ends))).join(""));
}

function cutStream(random: Random, bytes: Buffer): Buffer[] {
  const cuts = Array.from({ length: random(8) }, () => random(bytes.length + 1));
  const bounds = [0, ...cuts.toSorted((one, other) => one - other), bytes.length];
  return bounds.slice(1).map((end, index) => bytes.subarray(bounds[index], end));
}

const summarise = (progress: ScanProgress): string => JSON.stringify(progress);

/** Holds one whole reading against the plain parser; gives what is wrong, or nothing. */
function checkReading(bytes: Buffer, hideUsage: boolean): string | undefined {
  const { passed, progress } = scanAll([bytes], { hideUsage });
  const plain = scanPlainly(bytes.toString(), { hideUsage });
  const events = parseEvents(passed.toString()).map(({ data }): unknown =>
    data.trim() === "[DONE]" ? "[DONE]" : JSON.parse(data),
  );
  const found = {
    passed: events,
    text: progress.text,
    reasoning: progress.reasoning,
    finishReason: progress.finishReason,
    usage: progress.usage,
    model: progress.model,
    isDone: progress.isDone,
    isFaulty: progress.fault !== undefined,
    framesMalformed: progress.framesMalformed,
    textChars: progress.textChars,
  };
  return isDeepStrictEqual(found, plain) ? undefined : JSON.stringify({ found, plain });
}

/** How many chunkings a stream is read in before the next one is made. */
const chunkingsPerStream = 50;

/**
 * Reads random streams in random pieces: each gives the same bytes and the same progress as in one piece, and that is what
 * the plain parser finds.
 *
 * @returns what went wrong, with the stream; undefined when nothing did.
 */
export function runChunkings(count: number, seed: number): string | undefined {
  const random = createRandom(seed);
  for (let done = 0; done < count; done += chunkingsPerStream) {
    const bytes = writeStream(random);
    const hideUsage = random(2) === 0;
    const wrong = checkReading(bytes, hideUsage);
    if (wrong !== undefined) return `${JSON.stringify(bytes.toString())}: ${wrong}`;
    const whole = scanAll([bytes], { hideUsage });
    const summary = summarise(whole.progress);
    for (let round = 0; round < Math.min(chunkingsPerStream, count - done); round++) {
      const reads = cutStream(random, bytes);
      const cut = scanAll(reads, { hideUsage });
      if (!cut.passed.equals(whole.passed) || summarise(cut.progress) !== summary)
        return `${JSON.stringify(reads.map(String))}: ${summarise(cut.progress)} in place of ${summary}`;
    }
  }
  return undefined;
}
