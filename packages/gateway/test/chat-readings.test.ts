import fc from "fast-check";
import { expect, test } from "vitest";
import { readChunk, type Chunk } from "../src/answer/chunk.ts";
import type { AnswerPart } from "../src/index.ts";
import { cutBytes, readAnswer, type ReadAnswer } from "./read-answer.ts";
import { createRandom, cutStream, writeStream } from "./scan/chunkings.ts";
import { recordings } from "./scan/recordings.ts";
import { parseEvents } from "./scan/reference-scan.ts";

/** What a chat hears of an answer. */
type Heard = Pick<ReadAnswer, "isDone" | "finishReason" | "model" | "usage" | "framesMalformed"> & {
  /** Text and reasoning in their order, neighbours joined. */
  readonly parts: readonly AnswerPart[];
  readonly outcome: string | undefined;
};

function joinParts(parts: readonly AnswerPart[]): AnswerPart[] {
  const joined: { type: AnswerPart["type"]; text: string }[] = [];
  for (const { type, text } of parts) {
    const last = joined.at(-1);
    if (last?.type === type) last.text += text;
    else if (text !== "") joined.push({ type, text });
  }
  return joined;
}

function hear(reads: readonly Uint8Array[]): Heard {
  const { isDone, finishReason, model, usage, framesMalformed, fault, batches } = readAnswer(reads);
  const outcome = fault?.outcome;
  return { parts: joinParts(batches.flat()), isDone, finishReason, model, usage, framesMalformed, outcome };
}

const parse = (data: string): unknown => {
  try {
    return JSON.parse(data);
  } catch {
    return undefined;
  }
};

type Hearing = { -readonly [TName in keyof Heard]: Heard[TName] } & { parts: AnswerPart[] };

function hearChunk(heard: Hearing, chunk: Chunk): void {
  const isRepeated = chunk.isWhole && heard.parts.some((part) => part.text !== "");
  if (!isRepeated) {
    heard.parts.push({ type: "reasoning-delta", text: chunk.reasoning });
    heard.parts.push({ type: "text-delta", text: chunk.text });
  }
  heard.model ??= chunk.model;
  heard.usage = chunk.usage ?? heard.usage;
  heard.finishReason = chunk.finishReason ?? heard.finishReason;
  if (chunk.error !== undefined) heard.outcome = "error_in_stream";
}

function hearEvent(heard: Hearing, { event, data }: ReturnType<typeof parseEvents>[number]): void {
  const value = parse(data);
  const chunk = readChunk(value);
  if (data.trim() === "[DONE]") heard.isDone = true;
  else if (event === "error") heard.outcome = "error_in_stream";
  else if (chunk !== undefined) hearChunk(heard, chunk);
  else if (data.trim() !== "" && value !== null) {
    heard.framesMalformed++;
    if (data.trimStart().startsWith("{")) heard.outcome = "protocol_error";
  }
}

/** The same with a plain parser: every event parsed, nothing learned. */
function hearPlainly(text: string): Heard {
  const heard: Hearing = {
    parts: [],
    isDone: false,
    finishReason: undefined,
    model: undefined,
    usage: undefined,
    framesMalformed: 0,
    outcome: undefined,
  };
  for (const event of parseEvents(text)) {
    if (heard.isDone || heard.outcome !== undefined) break;
    hearEvent(heard, event);
  }
  return { ...heard, parts: joinParts(heard.parts) };
}

const textOf = ({ parts }: Heard, type: AnswerPart["type"]): string =>
  parts
    .filter((part) => part.type === type)
    .map(({ text }) => text)
    .join("")
    .toWellFormed();

/** Where half a character was held back, parts may meet elsewhere: then only the two texts can be compared. */
function compare(heard: Heard, plain: Heard): void {
  const hasHalves = plain.parts.some(({ text }) => !text.isWellFormed());
  expect({ ...heard, parts: hasHalves || heard.parts }).toEqual({
    ...plain,
    parts: hasHalves || plain.parts,
  });
  for (const type of ["text-delta", "reasoning-delta"] as const)
    expect(textOf(heard, type)).toBe(textOf(plain, type));
}

const anyCuts = fc.array(fc.nat(), { maxLength: 8 });

test.each(recordings.filter(({ kind }) => kind === "chat"))(
  "U20 to U23: a chat hears of $name what the plain parser finds, however it is cut",
  ({ stream }) => {
    const bytes = Buffer.from(stream);
    const plain = hearPlainly(stream);
    fc.assert(
      fc.property(anyCuts, (seeds) => {
        compare(
          hear(
            cutBytes(
              bytes,
              seeds.map((seed) => seed % bytes.length),
            ),
          ),
          plain,
        );
      }),
      { numRuns: 40 },
    );
  },
);

test("U20 to U23: 10,000 random streams in random pieces are heard as the plain parser finds them", () => {
  const random = createRandom(4);
  for (let done = 0; done < 10_000; done++) {
    const bytes = writeStream(random);
    compare(hear(cutStream(random, bytes)), hearPlainly(bytes.toString()));
  }
});

test("U24: bytes that are no UTF-8 are heard as the plain parser finds them, also where a frame is like the one before", () => {
  const around = ['data: {"choices":[{"index":0,"delta":{"content":"', '"}}]}\n\n'].map((part) =>
    Buffer.from(part),
  );
  const anyBytes = fc.array(fc.constantFrom(0x61, 0xe4, 0xb8, 0xad, 0xf0, 0x9f, 0xff, 0x80), {
    maxLength: 4,
  });
  fc.assert(
    fc.property(fc.array(anyBytes, { maxLength: 8 }), anyCuts, (texts, seeds) => {
      const frames = [Buffer.from("sound"), ...texts.map((text) => Buffer.from(text))];
      const bytes = Buffer.concat(frames.flatMap((text) => [around[0] as Buffer, text, around[1] as Buffer]));
      compare(
        hear(
          cutBytes(
            bytes,
            seeds.map((seed) => seed % bytes.length),
          ),
        ),
        hearPlainly(bytes.toString()),
      );
    }),
    { numRuns: 500 },
  );
});
