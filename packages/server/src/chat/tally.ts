/** Counts things by key, and forgets keys that count nothing. */
export function createTally() {
  const counts = new Map<number, number>();
  return {
    count: (key: number) => counts.get(key) ?? 0,
    add: (key: number) => void counts.set(key, (counts.get(key) ?? 0) + 1),
    remove(key: number) {
      const left = (counts.get(key) ?? 0) - 1;
      if (left > 0) counts.set(key, left);
      else counts.delete(key);
    },
  };
}
