import type { Usage } from "@llm-backend/contract";

/** Adds up the tokens of rounds. What neither of them reported stays unknown. */
export function addUsage(first: Usage | undefined, second: Usage | undefined): Usage | undefined {
  if (first === undefined || second === undefined) return first ?? second;
  const sum: Usage = { ...first };
  for (const name of Object.keys(second) as (keyof Usage)[]) {
    const more = second[name];
    if (more !== undefined) sum[name] = (sum[name] ?? 0) + more;
  }
  return sum;
}
