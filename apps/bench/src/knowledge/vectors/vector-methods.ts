import type { DatabaseSync } from "node:sqlite";
import { VectorIndex } from "@llm-backend/knowledge";
import { getVector, type Vectors } from "./make-vectors.ts";

/** A way to find the vectors that are closest to one. */
export type VectorMethod = {
  readonly name: string;
  /** Their ids, closest first. */
  readonly find: (query: Float32Array, limit: number) => readonly number[];
  /** What it keeps in memory, in bytes; what SQLite caches is not in it. */
  readonly keptBytes: () => number;
};

/** What every number is compared for, whatever it takes. */
export const exactName = "every float, JavaScript";
const rescored = 100;
const keptMax = 2 ** 30;

/** Stores vectors in the ways that the methods need. */
export function storeVectors(database: DatabaseSync, vectors: Vectors): void {
  const { dims, count } = vectors;
  database.exec(`
    create table vectors (id integer primary key, vector blob not null);
    create virtual table floats using vec0 (vector float[${dims}]);
    create virtual table bytes using vec0 (vector int8[${dims}]);
    begin;
  `);
  const insert = database.prepare("insert into vectors values (?, ?)");
  const insertFloats = database.prepare("insert into floats (rowid, vector) values (?, ?)");
  const insertBytes = database.prepare(
    "insert into bytes (rowid, vector) values (?, vec_quantize_int8(?, 'unit'))",
  );
  for (let index = 0; index < count; index++) {
    const bytes = toBytes(getVector(vectors, index));
    insert.run(index + 1, bytes);
    insertFloats.run(BigInt(index + 1), bytes);
    insertBytes.run(BigInt(index + 1), bytes);
  }
  database.exec("commit");
}

/** The methods, over vectors that were stored. */
export function createMethods(database: DatabaseSync, vectors: Vectors): VectorMethod[] {
  const readStored = createStoredReads(database);
  const kept = new VectorIndex(readStored, keptMax);
  const scopes = [{ spaceId: 1, dims: vectors.dims, versions: [1] }];
  const select = database.prepare(
    "select rowid from floats where vector match ? and k = ? order by distance",
  );
  const selectBytes = database.prepare(
    "select rowid from bytes where vector match vec_quantize_int8(?, 'unit') and k = ? order by distance",
  );
  const toIds = (rows: Record<string, unknown>[]) => rows.map(({ rowid }) => Number(rowid));
  const vector = new Float32Array(vectors.dims);
  return [
    {
      name: exactName,
      find: (query, limit) => findExactly(vectors, query, limit),
      keptBytes: () => vectors.numbers.byteLength,
    },
    {
      name: "bytes in WebAssembly, the best again as floats",
      find: (query, limit) =>
        kept.search({ query, scopes, limit, floor: -2, check: () => {} }).map(({ id }) => id),
      keptBytes: () => kept.bytes,
    },
    {
      name: "sqlite-vec, floats",
      find: (query, limit) => toIds(select.all(toBytes(query), limit)),
      keptBytes: () => 0,
    },
    {
      name: "sqlite-vec, bytes, the best again as floats",
      find(query, limit) {
        const ids = toIds(selectBytes.all(toBytes(query), rescored));
        const scored = ids.map((id) => {
          readStored.readVector({ spaceId: 1, passageId: id }, vector);
          return { id, score: multiply(query, vector) };
        });
        return scored
          .toSorted((a, b) => b.score - a.score)
          .slice(0, limit)
          .map(({ id }) => id);
      },
      keptBytes: () => 0,
    },
  ];
}

/** Reads as the server's search does. */
function createStoredReads(database: DatabaseSync): ConstructorParameters<typeof VectorIndex>[0] {
  const all = database.prepare("select id, vector from vectors order by id");
  const one = database.prepare("select vector from vectors where id = ?");
  const read = (bytes: unknown, into: Float32Array) => new Uint8Array(into.buffer).set(bytes as Uint8Array);
  return {
    eachVector({ dims }, each) {
      const into = new Float32Array(dims);
      for (const { id, vector } of all.iterate()) {
        read(vector, into);
        if (!each(Number(id), into)) return;
      }
    },
    readVector({ passageId }, into) {
      read(one.get(passageId)?.["vector"], into);
      return true;
    },
  };
}

function findExactly(vectors: Vectors, query: Float32Array, limit: number): number[] {
  const best: { id: number; score: number }[] = [];
  const { dims, count, numbers } = vectors;
  for (let index = 0; index < count; index++) {
    let score = 0;
    const start = index * dims;
    for (let at = 0; at < dims; at++) score += (numbers[start + at] as number) * (query[at] as number);
    if (best.length === limit && score <= (best.at(-1)?.score ?? 0)) continue;
    const place = best.findIndex((other) => other.score < score);
    best.splice(place === -1 ? best.length : place, 0, { id: index + 1, score });
    if (best.length > limit) best.pop();
  }
  return best.map(({ id }) => id);
}

function multiply(first: Float32Array, second: Float32Array): number {
  let sum = 0;
  for (let at = 0; at < first.length; at++) sum += (first[at] as number) * (second[at] as number);
  return sum;
}

function toBytes(vector: Float32Array): Uint8Array {
  return new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);
}
