/** Finds the candidate that a mistyped name most likely means; undefined where none is near. */
export function findNearestName(name: string, candidates: readonly string[]): string | undefined {
  const bare = toBare(name);
  let nearest: string | undefined;
  let least = bare.length <= 3 ? 1.5 : Math.min(3, bare.length / 3 + 0.5);
  for (const candidate of candidates) {
    const distance = toDistance(bare, toBare(candidate));
    if (distance >= least) continue;
    least = distance;
    nearest = candidate;
  }
  return nearest;
}

/** `maxTokens`, `max-tokens` and `max_tokens` are one name. */
function toBare(name: string): string {
  return name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, "")
    .slice(0, 64);
}

/** How many letters have to be added, dropped, replaced or swapped with their neighbour. */
function toDistance(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const same = from[row - 1] === to[column - 1];
      let cost = Math.min(
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (same ? 0 : 1),
      );
      const swapped =
        row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      if (swapped) cost = Math.min(cost, (beforeLast[column - 2] ?? 0) + 1);
      current.push(cost);
    }
    beforeLast = last;
    last = current;
  }
  return last[to.length] ?? 0;
}
