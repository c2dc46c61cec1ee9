import { walkMembers, type MemberRange, type Walk } from "./json-members.ts";
import { skipBlanks, tooDeep, unsound } from "./json-scan.ts";

/** One field of a JSON object, as offsets of bytes. */
export type FieldRange = MemberRange;

/** Where the fields of a JSON object stand that somebody asked for. */
export type ObjectLayout = {
  /** At the `{`. */
  readonly open: number;
  /** At the `}`. */
  readonly close: number;
  readonly isEmpty: boolean;
  /** The last occurrence of a field; as in `JSON.parse`, it is the one that counts. */
  find(name: string): FieldRange | undefined;
  /** Every occurrence of a field, in their order. */
  findAll(name: string): readonly FieldRange[];
};

/** Why bytes are no JSON object. */
export type ObjectFault = { readonly reason: "unsound" | "too_deep"; readonly at: number };

/** A key that is longer is none that anybody asks for, even with every character escaped. */
const keyBytesMax = 512;
const none: readonly FieldRange[] = [];

/** A key may be written with escapes; then it has to be decoded before it is compared. */
function readKey(bytes: Buffer, { keyStart, keyEnd }: FieldRange): string | undefined {
  if (keyEnd - keyStart > keyBytesMax) return undefined;
  const key = bytes.toString("latin1", keyStart + 1, keyEnd - 1);
  if (!key.includes("\\")) return key;
  try {
    return JSON.parse(`"${key}"`) as string;
  } catch {
    return undefined;
  }
}

function walkObject(bytes: Buffer, visit: (member: MemberRange) => void): Walk & { readonly open: number } {
  const open = skipBlanks(bytes, 0);
  if (bytes[open] !== 0x7b) return { open, close: -1, fault: unsound, at: open };
  const walk = walkMembers(bytes, open, visit);
  if (walk.fault !== 0) return { open, ...walk };
  const rest = skipBlanks(bytes, walk.close + 1);
  return rest === bytes.length ? { open, ...walk } : { open, close: -1, fault: unsound, at: rest };
}

/**
 * Finds top-level fields of a JSON object without parsing it, in linear time and without recursion. Undefined when the
 * bytes are no JSON object, as far as that shows: brackets match, nothing follows, and the top level is sound; what lies
 * inside of nested values and strings is not proved. An object that is nested too deeply counts as none.
 *
 * @param names - In ASCII.
 */
export function locateFields(bytes: Buffer, names: readonly string[]): ObjectLayout | undefined {
  const found = new Map<string, FieldRange[]>();
  let count = 0;
  const { open, close, fault } = walkObject(bytes, (member) => {
    count++;
    const key = readKey(bytes, member);
    if (key === undefined || !names.includes(key)) return;
    const known = found.get(key);
    if (known === undefined) found.set(key, [member]);
    else known.push(member);
  });
  if (fault !== 0) return undefined;
  return {
    open,
    close,
    isEmpty: count === 0,
    find: (name) => found.get(name)?.at(-1),
    findAll: (name) => found.get(name) ?? none,
  };
}

/** Says why {@link locateFields} found no object; undefined where it finds one. */
export function findObjectFault(bytes: Buffer): ObjectFault | undefined {
  const { fault, at } = walkObject(bytes, () => {});
  return fault === 0 ? undefined : { reason: fault === tooDeep ? "too_deep" : "unsound", at };
}

/** Parses the value of a field; undefined when there is none, or it is no JSON after all. */
export function readField(bytes: Buffer, range: FieldRange | undefined): unknown {
  if (range === undefined) return undefined;
  try {
    return JSON.parse(bytes.toString("utf8", range.valueStart, range.valueEnd));
  } catch {
    return undefined;
  }
}
