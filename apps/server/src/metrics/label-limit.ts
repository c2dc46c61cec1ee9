/** What a value is called that there is no more room for. */
export const otherLabel = "other";

/**
 * Keeps a label from taking any number of values, each of which would be a line for every reader for ever: the first
 * ones are passed on, all that come after them are `other`.
 */
export function createLabelLimit(valuesMax: number): (value: string) => string {
  const known = new Set<string>();
  return (value) => {
    if (known.has(value)) return value;
    if (known.size >= valuesMax) return otherLabel;
    known.add(value);
    return value;
  };
}
