import { DomainError } from "@llm-backend/contract";
import { InvalidArgumentError } from "commander";
import type { z } from "zod";

/** Collects the values of an option that may be given several times. */
export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

/** Reads a number. @throws InvalidArgumentError */
export function toNumber(value: string): number {
  const number = value.trim() === "" ? Number.NaN : Number(value);
  if (!Number.isFinite(number)) throw new InvalidArgumentError("It is not a number.");
  return number;
}

/** Reads `name=value` pairs into a map. @throws InvalidArgumentError */
export function collectPairs(
  value: string,
  before: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  const [name = "", ...rest] = value.split("=");
  if (name === "" || rest.length === 0 || rest.join("=") === "")
    throw new InvalidArgumentError("It does not look like name=value.");
  return { ...before, [name]: rest.join("=") };
}

/** Holds what was said to a schema. @throws DomainError `invalid_input` with one sentence for each mistake. */
export function readInput<T>(schema: z.ZodType<T>, input: unknown): T {
  const { data, error } = schema.safeParse(input);
  if (error === undefined) return data;
  const sentences = error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
  throw new DomainError("invalid_input", sentences.join("; "));
}

/** Leaves out what was not said. */
export function withoutUndefined(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** One line of JSON. */
export function toJsonLine(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}
