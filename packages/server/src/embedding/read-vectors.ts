import { DomainError } from "@llm-backend/contract";

type Item = { readonly index?: unknown; readonly embedding?: unknown };

/** What an answer to `/v1/embeddings` holds. */
export type ReadVectors = {
  /** In the order of the texts. */
  readonly vectors: readonly Float32Array[];
  /** They came as numbers although the shorter form was asked for: much text for the same vectors. */
  readonly areNumbers: boolean;
};

const dimensionsMax = 65_536;

/**
 * Reads the vectors of an answer, whichever form they have, and puts them into the order of the texts.
 *
 * @param count - How many texts there were.
 * @throws DomainError `upstream_unavailable` for anything that would poison an index: another count, lengths that
 *   differ, numbers that are none, places that do not fit. Its details name what is wrong, and asking again is of no use.
 */
export function readVectors(body: Buffer, count: number): ReadVectors {
  const items = readItems(body);
  if (items.length !== count) throw toWrongVectors("data", `${items.length} vectors came for ${count} texts`);
  const ordered = toOrder(items);
  const vectors = ordered.map((item, index) => readVector(item.embedding, index));
  const length = vectors[0]?.length ?? 0;
  const odd = vectors.findIndex((vector) => vector.length !== length);
  if (odd !== -1)
    throw toWrongVectors(
      toPath(odd),
      `one vector has ${vectors[odd]?.length} numbers, another one ${length}`,
    );
  return { vectors, areNumbers: Array.isArray(items[0]?.embedding) };
}

/** The error of vectors that cannot be used. */
export function toWrongVectors(path: string, what: string): DomainError {
  return new DomainError("upstream_unavailable", `The embedding model gave a wrong answer: ${what}.`, {
    details: { issues: [{ path, message: what }] },
  });
}

function readItems(body: Buffer): readonly Item[] {
  let answer: unknown;
  try {
    answer = JSON.parse(body.toString());
  } catch {
    throw toWrongVectors("", "it is not JSON");
  }
  const data: unknown = isFields(answer) ? answer["data"] : undefined;
  if (!Array.isArray(data)) throw toWrongVectors("data", "there is no list of vectors in it");
  if (!data.every(isFields)) throw toWrongVectors("data", "its list holds something else than vectors");
  return data;
}

function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** By their places, where they say them: each of them once. */
function toOrder(items: readonly Item[]): readonly Item[] {
  if (items.every(({ index }) => index === undefined)) return items;
  const ordered: (Item | undefined)[] = items.map(() => undefined);
  for (const item of items) {
    const place = item.index;
    const isFree = typeof place === "number" && place in ordered && ordered[place] === undefined;
    if (!isFree) throw toWrongVectors("data", "the places of its vectors do not fit");
    ordered[place] = item;
  }
  return ordered as readonly Item[];
}

function readVector(value: unknown, index: number): Float32Array {
  const vector = typeof value === "string" ? decode(value) : toNumbers(value);
  if (vector === undefined) throw toWrongVectors(toPath(index), "a vector is no list of numbers");
  if (vector.length === 0) throw toWrongVectors(toPath(index), "a vector is empty");
  if (vector.length > dimensionsMax)
    throw toWrongVectors(toPath(index), `a vector has more than ${dimensionsMax} numbers`);
  // Also what is too large for 32 bits.
  if (!vector.every(Number.isFinite)) throw toWrongVectors(toPath(index), "a vector holds what is no number");
  return vector;
}

function toNumbers(value: unknown): Float32Array | undefined {
  const isList = Array.isArray(value) && value.every((entry) => typeof entry === "number");
  return isList ? Float32Array.from(value) : undefined;
}

/** Numbers of 32 bits, the lowest byte first. @source OpenAI API reference, `encoding_format` */
function decode(text: string): Float32Array | undefined {
  if (!/^[\w+/-]*={0,2}$/.test(text)) return undefined;
  const bytes = Buffer.from(text, "base64");
  if (bytes.length % 4 !== 0) return undefined;
  const vector = new Float32Array(bytes.length / 4);
  for (let index = 0; index < vector.length; index++) vector[index] = bytes.readFloatLE(index * 4);
  return vector;
}

const toPath = (index: number): string => `data.${index}.embedding`;
