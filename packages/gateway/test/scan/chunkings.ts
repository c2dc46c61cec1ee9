import { isDeepStrictEqual } from "node:util";
import type { ScanProgress } from "../../src/scan/scan-progress.ts";
import { parseEvents, scanPlainly } from "./reference-scan.ts";
import { scanAll } from "./scan-stream.ts";

/** Numbers that are the same for the same seed. */
export function createRandom(seed: number): (below: number) => number {
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

/** What a stream is like: calm ones have frames that differ in their text alone. */
type Mood = { readonly base: object; readonly isCalm: boolean };

function writeDelta(random: Random, { isCalm }: Mood): object {
  const content = pick(random, words);
  if (isCalm) return random(8) === 0 ? { reasoning_content: content } : { content };
  return pick<object>(random, [
    { content },
    { role: "assistant", content },
    { reasoning_content: content },
    { content, reasoning: "r" },
    {},
  ]);
}

/** JSON that nearly is some: what looks like the frames before it, and is none. */
function spoil(random: Random, text: string): string {
  if (random(30) > 0) return text;
  const content = text.indexOf('"content":"') + 11;
  const at = content > 10 && random(2) === 0 ? content : random(text.length);
  return text.slice(0, at) + pick(random, ["\u0001", "\\x", '"', "", "01"]) + text.slice(at + 1);
}

function writeFrame(random: Random, mood: Mood): string {
  const rarely = mood.isCalm ? 40 : 12;
  const finish = random(rarely) === 0 ? pick(random, ["stop", "length", "error"]) : null;
  const choices =
    random(rarely) === 0 ? [] : [{ index: 0, delta: writeDelta(random, mood), finish_reason: finish }];
  const more = random(rarely) === 0 ? { usage: { prompt_tokens: random(9), completion_tokens: -1 } } : {};
  const gap = random(20) === 0 ? 1 : undefined;
  const value = { ...mood.base, choices, ...more, obfuscation: "x".repeat(random(4)) };
  return spoil(random, JSON.stringify(value, undefined, gap));
}

function writeEvent(random: Random, mood: Mood): string[] {
  const rarely = mood.isCalm ? 50 : 12;
  const lines = writeFrame(random, mood).split("\n");
  const prefix = random(rarely) === 0 ? "data:" : "data: ";
  const event = [...lines.map((line) => prefix + line), ""];
  if (random(rarely) === 0) event.unshift(pick(random, odd.slice(6)));
  if (random(rarely) === 0) event.push(pick(random, odd), "");
  if (random(4 * rarely) === 0) event.unshift("event: error");
  return event;
}

/** A stream with everything in it that may come, lines ended in one way or in all. */
export function writeStream(random: Random): Buffer {
  const base = { id: "c", object: "chat.completion.chunk", created: 1, model: "m" };
  const mood = { base, isCalm: random(3) > 0 };
  const events = Array.from({ length: 3 + random(6) }, () => writeEvent(random, mood));
  const lines = [...events.flat(), ...(random(3) > 0 ? ["data: [DONE]", ""] : [])];
  const end = random(4) === 0 ? undefined : pick(random, [...ends, "\n"]);
  const mark = random(10) === 0 ? "\uFEFF" : "";
  return Buffer.from(mark + lines.map((line) => line + (end ?? pick(random, ends))).join(""));
}

export function cutStream(random: Random, bytes: Buffer): Buffer[] {
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
