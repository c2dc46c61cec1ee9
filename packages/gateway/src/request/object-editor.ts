import type { FieldRange, ObjectLayout } from "./json-fields.ts";

/** Writes single fields of a JSON object in place. */
export type ObjectEditor = {
  /** Gives a field this value, as JSON; a field that is absent is put in at the end. */
  set(name: string, json: string): void;
  /** Takes out every occurrence of a field. */
  remove(name: string): void;
  /** Takes out every occurrence of a field but the last. */
  leaveOne(name: string): void;
  /** Puts text in at an offset that no other edit touches. */
  insert(at: number, text: string): void;
  /** The object with all edits made; the very same bytes where there are none. */
  apply(): Buffer;
};

type Cut = { readonly from: number; readonly to: number; readonly put: string };

const comma = 0x2c;

/** Fields that are taken out take one comma with them: the one before, or, at the head of the object, the one behind. */
function cutFields(
  bytes: Buffer,
  layout: ObjectLayout,
  removed: readonly FieldRange[],
): { cuts: Cut[]; isEmpty: boolean } {
  let headEnd = layout.open + 1;
  let { isEmpty } = layout;
  const cuts = removed
    .toSorted((one, other) => one.start - other.start)
    .map(({ start, end }): Cut => {
      if (start !== headEnd) return { from: start - 1, to: end, put: "" };
      isEmpty = bytes[end] !== comma;
      headEnd = isEmpty ? end : end + 1;
      return { from: start, to: headEnd, put: "" };
    });
  return { cuts, isEmpty };
}

/** Creates the editor of an object; the layout must have been asked for every field that is edited. */
export function createObjectEditor(bytes: Buffer, layout: ObjectLayout): ObjectEditor {
  const removed = new Set<FieldRange>();
  const replaced = new Map<FieldRange, string>();
  const added = new Map<string, string>();
  const inserted: Cut[] = [];

  return {
    insert: (at, put) => void inserted.push({ from: at, to: at, put }),
    set(name, json) {
      const range = layout.find(name);
      if (range === undefined) added.set(name, `${JSON.stringify(name)}:${json}`);
      else replaced.set(range, json);
    },
    remove(name) {
      for (const range of layout.findAll(name)) removed.add(range);
    },
    leaveOne(name) {
      for (const range of layout.findAll(name).slice(0, -1)) removed.add(range);
    },
    apply() {
      const { cuts, isEmpty } = cutFields(bytes, layout, [...removed]);
      cuts.push(...inserted);
      for (const [{ valueStart, valueEnd }, put] of replaced)
        cuts.push({ from: valueStart, to: valueEnd, put });
      if (added.size > 0) {
        const fields = [...added.values()].join(",");
        cuts.push({ from: layout.close, to: layout.close, put: isEmpty ? fields : `,${fields}` });
      }
      return applyCuts(bytes, cuts);
    },
  };
}

function applyCuts(bytes: Buffer, cuts: readonly Cut[]): Buffer {
  if (cuts.length === 0) return bytes;
  const pieces: Buffer[] = [];
  let at = 0;
  for (const { from, to, put } of cuts.toSorted((one, other) => one.from - other.from)) {
    pieces.push(bytes.subarray(at, from), Buffer.from(put));
    at = to;
  }
  pieces.push(bytes.subarray(at));
  return Buffer.concat(pieces);
}
