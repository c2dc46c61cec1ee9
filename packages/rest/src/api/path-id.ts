import { DomainError, integerIdSchema } from "@llm-backend/contract";

/**
 * Reads an id out of a path.
 *
 * @throws DomainError `invalid_input` for what is no integer, `not_found` for an integer that can be no id.
 */
export function readPathId(text: string | undefined): number {
  if (text === undefined || !/^[+-]?\d+$/.test(text)) {
    throw new DomainError("invalid_input", "The conversation id must be an integer.");
  }
  const id = integerIdSchema.safeParse(Number(text));
  if (!id.success) throw new DomainError("not_found", "There is no such conversation.");
  return id.data;
}
