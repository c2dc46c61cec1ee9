import { findDomainError, toPublicMessage } from "@llm-backend/contract";

/** Why less was done than could be, in one sentence. */
export function toNotice(failure: Error): string {
  const known = findDomainError(failure);
  const reason = known === undefined ? "" : ` ${toPublicMessage(known)}`;
  return `Found by words only: the question could not be embedded.${reason}`;
}
