import { DomainError } from "@llm-backend/contract";

/**
 * Looks at vectors before they are stored.
 *
 * @throws DomainError `upstream_unavailable`, with what is wrong in its details: asking again is of no use.
 */
export function requireVectors(vectors: readonly Float32Array[], count: number): void {
  if (vectors.length !== count) throw toWrong(`${vectors.length} vectors came for ${count} texts`);
  const isSound = (vector: Float32Array) => vector.length > 0 && vector.every(Number.isFinite);
  if (!vectors.every(isSound)) throw toWrong("a vector holds what is no number");
}

function toWrong(what: string): DomainError {
  return new DomainError("upstream_unavailable", `The embedding model gave a wrong answer: ${what}.`, {
    details: { issues: [{ path: "", message: what }] },
  });
}
