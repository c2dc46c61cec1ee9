import { isFields } from "./engine-fields.ts";

type Fields = Readonly<Record<string, unknown>>;

/** Adds up what providers report of rounds, in their own words: every number, also inside of details. */
export function addWireUsage(sum: Fields | undefined, more: Fields): Fields {
  if (sum === undefined) return more;
  const added: Record<string, unknown> = { ...sum };
  for (const [name, value] of Object.entries(more)) {
    const before = added[name];
    if (typeof value === "number" && typeof before === "number") added[name] = before + value;
    else if (isFields(value) && isFields(before)) added[name] = addWireUsage(before, value);
    else added[name] = value;
  }
  return added;
}
