/** What one call may hold. A single text may have more characters. */
export type BatchLimits = { readonly textsMax: number; readonly charsMax: number };

/** The texts from a place on that fit into one call: at least one. */
export function findBatch(texts: readonly string[], start: number, limits: BatchLimits): readonly string[] {
  let end = start;
  let chars = 0;
  while (end < texts.length && end - start < limits.textsMax) {
    chars += texts[end]?.length ?? 0;
    if (end > start && chars > limits.charsMax) break;
    end++;
  }
  return texts.slice(start, end);
}
