import type { ReadDocument } from "../ports.ts";
import { decodeText } from "./decode-text.ts";
import type { ReaderInput } from "./reader-input.ts";
import { createTextBuilder, type TextBuilder } from "./text-builder.ts";
import { requireLength, toLines } from "./text-lines.ts";
import { UnreadableDocument } from "./unreadable-document.ts";

const depthMax = 100;

/**
 * Reads JSON, and JSON by the line: a line for each value, behind the path that leads to it; a block for each element of
 * an outermost array, and for each member of an outermost object.
 */
export function readJson(input: ReaderInput): ReadDocument {
  const text = requireLength(decodeText(input.bytes), input.textCharsMax);
  const builder = createTextBuilder(input.textCharsMax);
  const whole = parse(text);
  if (whole === undefined)
    for (const value of parseLines(text)) addBlocks(builder, value, input.textCharsMax);
  else for (const value of toElements(whole.value)) addBlocks(builder, value, input.textCharsMax);
  return builder.build();
}

function parse(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    // Whether it is JSON by the line is asked next.
    return undefined;
  }
}

function* parseLines(text: string): Generator {
  for (const { start, end } of toLines(text)) {
    const line = text.slice(start, end).trim();
    if (line === "") continue;
    const parsed = parse(line);
    if (parsed === undefined) throw new UnreadableDocument("The document is not valid JSON.");
    yield parsed.value;
  }
}

/** What gets a block of its own: elements of an array one by one, members of an object each with its name. */
function* toElements(value: unknown): Generator {
  if (Array.isArray(value)) yield* value;
  else if (isObject(value)) for (const [name, member] of Object.entries(value)) yield { [name]: member };
  else yield value;
}

function addBlocks(builder: TextBuilder, value: unknown, textCharsMax: number): void {
  const lines: string[] = [];
  let length = 0;
  for (const line of toValueLines(value)) {
    lines.push(line);
    length += line.length + 1;
    if (length > textCharsMax) break;
  }
  builder.add("table", lines.join("\n"));
}

type Open = { readonly path: string; readonly entries: Iterator<readonly [string, unknown]> };

/** A line for each value. It climbs by a list of its own, as nesting may be deeper than the stack. */
function* toValueLines(value: unknown): Generator<string> {
  if (!isContainer(value)) {
    yield toLine("", value);
    return;
  }
  const open: Open[] = [{ path: "", entries: toEntries(value) }];
  for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
    const next = top.entries.next();
    if (next.done === true) {
      open.pop();
      continue;
    }
    const [name, member] = next.value;
    const path = joinPath(top.path, name);
    if (!isContainer(member)) yield toLine(path, member);
    else if (open.length >= depthMax)
      throw new UnreadableDocument("The document is nested too deeply to be read.");
    else open.push({ path, entries: toEntries(member) });
  }
}

function* toEntries(value: object): Generator<readonly [string, unknown]> {
  // Elements are known by their order; a number in front of each would only be found by those who look for numbers.
  if (Array.isArray(value)) for (const element of value) yield ["", element];
  else for (const name of Object.keys(value)) yield [name, (value as Record<string, unknown>)[name]];
}

function joinPath(path: string, name: string): string {
  if (path === "" || name === "") return path + name;
  return `${path}.${name}`;
}

function toLine(path: string, value: unknown): string {
  const text = typeof value === "string" ? value.replaceAll(/\s+/gu, " ").trim() : String(value);
  return path === "" ? text : `${path}: ${text}`;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isContainer(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
