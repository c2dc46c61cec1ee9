import { readChunk } from "./chunk.ts";

/** Reads frames that differ from an earlier one in their text alone, without parsing them. */
export type ContentShortcut = {
  /** The frame's text; undefined when only a parser can tell. */
  readonly read: (data: string) => string | undefined;
  /** Learns from a frame that was parsed and held this text and nothing else of interest. */
  readonly learn: (data: string, text: string) => void;
};

const quote = '"';
const probe = "\u{1f50e} probe";
const lessonsMax = 16;

/** No escape, no quote, no control character: JSON text that means itself. */
function isPlain(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code < 0x20 || code === 0x22 || code === 0x5c) return false;
  }
  return true;
}

/** A copy that shares nothing: a slice would keep all of the read alive that it was cut from, as long as the stream. */
const copyOf = (text: string): string => Buffer.from(text, "utf16le").toString("utf16le");

/** What stands around the text, if the text is the frame's only content wherever it is put. */
function learnFrame(data: string, text: string): { before: string; after: string } | undefined {
  if (!isPlain(text)) return undefined;
  const marked = `${quote}content${quote}:${quote}${text}${quote}`;
  const at = data.indexOf(marked);
  if (at === -1) return undefined;
  const end = at + marked.length - 1;
  const before = data.slice(0, end - text.length);
  const after = data.slice(end);
  const chunk = readChunk(JSON.parse(`${before}${probe}${after}`));
  return chunk?.text === probe && chunk.reasoning === ""
    ? { before: copyOf(before), after: copyOf(after) }
    : undefined;
}

/**
 * Creates the shortcut of one stream. Frames of a stream mostly repeat each other but for the text; what surrounds it is
 * learned from one frame, proved by parsing that frame with another text in it, and from then on compared.
 *
 * It takes a frame only when both surroundings match and what lies between needs no unescaping; by the grammar of JSON
 * such a frame parses to the learned one with that text in its place.
 */
export function createContentShortcut(): ContentShortcut {
  let before = "";
  let after = "";
  let lessons = 0;
  return {
    read(data) {
      if (before === "" || !data.startsWith(before) || !data.endsWith(after)) return undefined;
      const end = data.length - after.length;
      if (end < before.length) return undefined;
      const text = data.slice(before.length, end);
      return isPlain(text) ? text : undefined;
    },
    learn(data, text) {
      // Frames with something new in each (a time, a padding) teach nothing: after some of them nothing more is tried.
      if (lessons >= lessonsMax) return;
      lessons++;
      const learned = learnFrame(data, text);
      if (learned !== undefined) ({ before, after } = learned);
    },
  };
}
