/**
 * Reads how many rows an index of FTS5 has out of the record in which it keeps its averages: the first number there,
 * seven bits a byte, the highest first. Counting the rows would take longer than the search.
 *
 * @source https://www.sqlite.org/src/file/ext/fts5/fts5_index.c, "averages record"
 */
export function readRowCount(averages: Uint8Array | undefined): number {
  let count = 0;
  for (const byte of averages?.subarray(0, 7) ?? []) {
    count = count * 128 + (byte & 0x7f);
    if (byte < 0x80) break;
  }
  return count;
}
