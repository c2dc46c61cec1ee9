/** A name on the command line that means nothing. */
export class UnknownName extends Error {}

/**
 * Checks names against those that there are.
 *
 * @throws UnknownName that lists them.
 */
export function requireNames<TName extends string>(
  names: readonly string[],
  known: readonly TName[],
): readonly TName[] {
  const unknown = names.filter((name) => !(known as readonly string[]).includes(name));
  if (unknown.length === 0) return names as readonly TName[];
  throw new UnknownName(`Unknown: ${unknown.join(", ")}. There are: ${known.join(", ")}.`);
}
