import type { KnowledgeReader } from "@llm-backend/storage";
import { BestList, byScore, type Scored } from "./best-list.ts";
import { RowComparison, type PackedVectors } from "./row-comparison.ts";
import { VectorRows } from "./vector-rows.ts";

/** The contents whose vectors are to be compared. */
export type VectorScope = {
  readonly spaceId: number;
  readonly dims: number;
  readonly versions: readonly number[];
};

/** A search among vectors. */
export type VectorSearch = {
  /** Of length one. */
  readonly query: Float32Array;
  readonly scopes: readonly VectorScope[];
  /** How many are wanted. */
  readonly limit: number;
  /** What is not closer than that is not found. */
  readonly floor: number;
  /** Throws to give the search up; asked often. */
  readonly check: () => void;
};

/** What the vectors of one content are kept by. */
type Content = { readonly spaceId: number; readonly dims: number; readonly version: number };
/** The vectors of one content in one space. They never change. */
type Packed = PackedVectors & { readonly dims: number };
type Vectors = Pick<KnowledgeReader, "eachVector" | "readVector">;

/** So many more than are wanted are compared exactly: what a byte hides is then found out. */
const rescoredMin = 100;
const rescoredFactor = 2;
/** More than rounding to a byte changes. */
const roundingMax = 0.02;
const readsPerCheck = 256;

const toKey = ({ spaceId, version }: Content) => `${spaceId}:${version}`;

/**
 * Compares a question with every vector there may be, none left out: all of them in bytes, and then the best of these as they
 * are stored. Vectors are read when they are first asked for, and kept as long as there is room; those that find none are
 * compared as they are read, every time.
 */
export class VectorIndex {
  readonly #reader: Vectors;
  readonly #bytesMax: number;
  readonly #arrays = new Map<number, VectorRows>();
  /** In the order in which they were last asked for. */
  readonly #packed = new Map<string, Packed>();
  /** What the search under way needs. */
  readonly #inUse = new Set<string>();

  constructor(reader: Vectors, bytesMax: number) {
    this.#reader = reader;
    this.#bytesMax = bytesMax;
  }

  /** What it takes, in bytes. */
  get bytes(): number {
    return this.#arrays.values().reduce((sum, rows) => sum + rows.bytes, 0);
  }

  /** Finds the passages whose vectors are closest, closest first. */
  search(search: VectorSearch): Scored[] {
    const { query, limit } = search;
    const found = new BestList(limit, search.floor);
    this.#inUse.clear();
    for (const scope of search.scopes) {
      // Of another model than the question: nothing can be compared.
      if (scope.dims !== query.length) continue;
      const best = new BestList(Math.max(rescoredMin, limit * rescoredFactor), search.floor - roundingMax);
      this.#compare(scope, search, best);
      const vector = new Float32Array(scope.dims);
      for (const { id } of best.list()) {
        search.check();
        const isThere = this.#reader.readVector({ spaceId: scope.spaceId, passageId: id }, vector);
        if (isThere) found.offer(id, multiply(query, vector));
      }
    }
    return found.list().toSorted(byScore);
  }

  /** Forgets the vectors of a space but those of these contents. */
  keepOnly(spaceId: number, versions: ReadonlySet<number>): void {
    const prefix = `${spaceId}:`;
    this.#inUse.clear();
    for (const [key, packed] of this.#packed) {
      if (!key.startsWith(prefix) || versions.has(Number(key.slice(prefix.length)))) continue;
      this.#drop(key, packed);
    }
  }

  #compare({ spaceId, dims, versions }: VectorScope, { query, check }: VectorSearch, best: BestList): void {
    let rows = this.#arrays.get(dims);
    if (rows === undefined) this.#arrays.set(dims, (rows = new VectorRows(dims)));
    rows.setQuery(query);
    const comparison = new RowComparison(rows, best, check);
    for (const version of versions) this.#inUse.add(toKey({ spaceId, dims, version }));
    for (const version of versions) {
      const content = { spaceId, dims, version };
      const packed = this.#find(content, rows, check);
      if (packed !== undefined) comparison.add(packed);
      else this.#compareStored(content, { query, check, best });
    }
    comparison.flush();
  }

  /** The packed vectors of a content; undefined when there is no room for them. */
  #find(content: Content, rows: VectorRows, check: () => void): Packed | undefined {
    const key = toKey(content);
    const packed = this.#packed.get(key) ?? this.#load(content, rows, check);
    // Asked for last: gone last.
    this.#packed.delete(key);
    if (packed !== undefined) this.#packed.set(key, packed);
    return packed;
  }

  #load(content: Content, rows: VectorRows, check: () => void): Packed | undefined {
    const places: number[] = [];
    const passageIds: number[] = [];
    let hasRoom = true;
    try {
      this.#reader.eachVector(content, (passageId, vector) => {
        if (places.length % readsPerCheck === 0) check();
        const place = this.#makeRoom(rows) ? rows.add(vector) : undefined;
        hasRoom = place !== undefined;
        if (place === undefined) return false;
        places.push(place);
        passageIds.push(passageId);
        return true;
      });
    } catch (error) {
      rows.remove(places);
      throw error;
    }
    if (hasRoom) {
      return {
        rows: Uint32Array.from(places),
        passageIds: Float64Array.from(passageIds),
        dims: content.dims,
      };
    }
    rows.remove(places);
    return undefined;
  }

  /** Forgets what was not asked for for longest until another row fits in; what this search needs stays. */
  #makeRoom(rows: VectorRows): boolean {
    while (this.bytes + rows.nextBytes > this.#bytesMax) {
      const next = this.#packed.entries().find(([key]) => !this.#inUse.has(key));
      if (next === undefined) return rows.nextBytes === 0;
      this.#drop(...next, rows);
    }
    return true;
  }

  #drop(key: string, packed: Packed, open?: VectorRows): void {
    this.#packed.delete(key);
    const rows = this.#arrays.get(packed.dims);
    rows?.remove(packed.rows);
    // Memory is given back only as a whole.
    if (rows?.size === 0 && rows !== open) this.#arrays.delete(packed.dims);
  }

  /** Compares vectors that there is no room for, one by one as they are read. */
  #compareStored(
    content: Content,
    { query, check, best }: { query: Float32Array; check: () => void; best: BestList },
  ): void {
    let read = 0;
    this.#reader.eachVector(content, (passageId, vector) => {
      if (read++ % readsPerCheck === 0) check();
      best.offer(passageId, multiply(query, vector));
      return true;
    });
  }
}

/** How close two vectors of length one are. */
export function multiply(first: Float32Array, second: Float32Array): number {
  let sum = 0;
  for (let index = 0; index < first.length; index++) {
    sum += (first[index] as number) * (second[index] as number);
  }
  return sum;
}
