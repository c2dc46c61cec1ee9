import { locateFields } from "../request/json-fields.ts";
import type { FrameLines } from "./frame-lines.ts";
import type { ChoiceMeaning, FrameMeaning } from "./frame-meaning.ts";
import { FrameTemplate, type Hole, type TemplateField, type TemplatePart } from "./frame-template.ts";

/** A frame that was read the slow way, and could have been read by a template. */
export type Lesson = {
  readonly frame: Buffer;
  /** Where the data stands in the frame. */
  readonly lines: FrameLines;
  readonly meaning: FrameMeaning;
  readonly read: (data: string) => FrameMeaning | undefined;
};

/** The names under which providers send a piece of each. */
const names: Readonly<Record<TemplateField, readonly string[]>> = {
  text: ["content", "text", "delta", "refusal"],
  reasoning: ["reasoning_content", "reasoning", "delta"],
  toolText: ["arguments", "delta"],
};
const fields = ["text", "reasoning", "toolText"] as const;
/** Fields beside the answer that differ from frame to frame, and that nobody reads. */
const ignored = ["created", "sequence_number", "obfuscation"];
const probe = "\u{1f50e} probe";
const plainText = /^[^"\\\p{Cc}]+$/u;
const digits = /^(?:0|[1-9]\d{0,14})$/;
const plainString = /^"[^"\\\p{Cc}]*"$/u;

type Place = { readonly from: number; readonly to: number; readonly hole: Hole };

/** The one thing that the frame brings, if it brings one thing and nothing else of interest. */
function findOnlyField(meaning: FrameMeaning): { field: TemplateField; choice: ChoiceMeaning } | undefined {
  const [choice] = meaning.choices;
  if (choice === undefined || meaning.choices.length > 1 || meaning.isEnd || meaning.error) return undefined;
  const isMore = choice.index > 0 || choice.isWhole || choice.finishReason !== undefined || choice.hasMedia;
  if (isMore || meaning.hasUsage || meaning.usage !== undefined) return undefined;
  const found = fields.filter((name) => choice[name] !== "");
  const [field] = found;
  return field === undefined || found.length > 1 ? undefined : { field, choice };
}

function findText(frame: Buffer, text: string, name: string): Place | undefined {
  for (const gap of ["", " "]) {
    const before = Buffer.from(`"${name}":${gap}"`);
    const at = frame.indexOf(Buffer.concat([before, Buffer.from(`${text}"`)]));
    const from = at + before.length;
    if (at !== -1) return { from, to: from + Buffer.byteLength(text), hole: "text" };
  }
  return undefined;
}

/** Where fields stand that are of no interest; offsets in the frame. */
function findIgnored({ frame, lines }: Lesson): Place[] {
  const data = frame.subarray(lines.dataStart, lines.dataEnd);
  const layout = locateFields(data, ignored);
  return ignored.flatMap((name): Place[] => {
    const range = layout?.find(name);
    if (range === undefined) return [];
    const value = data.toString("utf8", range.valueStart, range.valueEnd);
    const [from, to] = [lines.dataStart + range.valueStart, lines.dataStart + range.valueEnd];
    if (digits.test(value)) return [{ from, to, hole: "digits" }];
    return plainString.test(value) ? [{ from: from + 1, to: to - 1, hole: "skipped" }] : [];
  });
}

/** Cuts the frame at its places, copying what is kept: a template outlives the read that it was learned from. */
function toParts(frame: Buffer, places: readonly Place[]): TemplatePart[] {
  const parts: TemplatePart[] = [];
  let at = 0;
  for (const { from, to, hole } of places.toSorted((one, other) => one.from - other.from)) {
    parts.push({ bytes: Buffer.from(frame.subarray(at, from)), hole });
    at = to;
  }
  return [...parts, { bytes: Buffer.from(frame.subarray(at)), hole: undefined }];
}

/** The data of the frame with other things in its places. */
function fillIn({ frame, lines }: Lesson, places: readonly Place[]): string {
  const data = frame.subarray(lines.dataStart, lines.dataEnd);
  const fill = { text: probe, skipped: probe, digits: "7" } as const;
  return toParts(
    data,
    places.map(({ from, to, hole }) => ({ from: from - lines.dataStart, to: to - lines.dataStart, hole })),
  )
    .map(({ bytes, hole }) => bytes.toString() + (hole === undefined ? "" : fill[hole]))
    .join("");
}

/** The frame brings one piece of the answer and nothing else, in a form that says where it stands. */
export function isLesson({ frame, lines, meaning }: Lesson): boolean {
  const only = findOnlyField(meaning);
  // A CR at the end may turn out to be half of an end of line.
  return (
    only !== undefined && lines.isSimple && frame.at(-1) === 0x0a && plainText.test(only.choice[only.field])
  );
}

/**
 * Learns a template from a frame. It is proved by reading the frame with other things in the places that may differ: all
 * that has to come of it is another text.
 */
export function learnTemplate(lesson: Lesson): FrameTemplate | undefined {
  const only = findOnlyField(lesson.meaning);
  if (only === undefined || !isLesson(lesson)) return undefined;
  const { field, choice } = only;
  const others = findIgnored(lesson);
  const expected = JSON.stringify({ ...lesson.meaning, choices: [{ ...choice, [field]: probe }] });
  for (const name of names[field]) {
    const place = findText(lesson.frame, choice[field], name);
    if (place === undefined || place.from < lesson.lines.dataStart) continue;
    const places = [place, ...others];
    if (isSound(places) && JSON.stringify(lesson.read(fillIn(lesson, places))) === expected)
      return new FrameTemplate(field, toParts(lesson.frame, places));
  }
  return undefined;
}

/** No place lies in another one. */
function isSound(places: readonly Place[]): boolean {
  const sorted = places.toSorted((one, other) => one.from - other.from);
  return sorted.every((place, index) => index === 0 || (sorted[index - 1] as Place).to < place.from);
}
