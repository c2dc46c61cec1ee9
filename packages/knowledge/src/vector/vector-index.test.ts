import type { KnowledgeReader } from "@llm-backend/storage";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { multiply, VectorIndex, type VectorScope } from "./vector-index.ts";
import { VectorRows } from "./vector-rows.ts";

type Stored = { readonly passageId: number; readonly vector: Float32Array };

/** A number generator that is the same every time. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function createVector(dims: number, random: () => number): Float32Array {
  const vector = Float32Array.from({ length: dims }, () => random() - 0.5);
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}

/** Contents by their numbers, and how often each was read. */
function createReader(contents: ReadonlyMap<number, readonly Stored[]>) {
  const reads: number[] = [];
  const reader: Pick<KnowledgeReader, "eachVector" | "readVector"> = {
    eachVector({ version }, each) {
      reads.push(version);
      for (const { passageId, vector } of contents.get(version) ?? []) if (!each(passageId, vector)) return;
    },
    readVector({ passageId }, into) {
      for (const stored of contents.values()) {
        const found = stored.find((entry) => entry.passageId === passageId);
        if (found !== undefined) into.set(found.vector);
        if (found !== undefined) return true;
      }
      return false;
    },
  };
  return { reader, reads };
}

function createContents(dims: number, sizes: readonly number[], firstId = 1): Map<number, Stored[]> {
  const random = createRandom(dims);
  let passageId = firstId;
  return new Map(
    sizes.map((size, version) => [
      version,
      Array.from({ length: size }, () => ({ passageId: passageId++, vector: createVector(dims, random) })),
    ]),
  );
}

function findExactly(contents: ReadonlyMap<number, readonly Stored[]>, query: Float32Array, limit: number) {
  return [...contents.values()]
    .flat()
    .map(({ passageId, vector }) => ({ id: passageId, score: multiply(query, vector) }))
    .toSorted((a, b) => b.score - a.score || a.id - b.id)
    .slice(0, limit);
}

const search = { limit: 10, floor: -2, check: () => {} };
const toScope = (dims: number, contents: ReadonlyMap<number, unknown>): VectorScope => ({
  spaceId: 1,
  dims,
  versions: [...contents.keys()],
});

describe("VectorIndex", () => {
  it.each([1, 3, 16, 17, 384, 1536])(
    "finds exactly what comparing every vector finds, with %i numbers",
    (dims) => {
      const contents = createContents(dims, [0, 1, 700, 2, 30]);
      const index = new VectorIndex(createReader(contents).reader, 2 ** 26);
      const random = createRandom(7);
      for (let round = 0; round < 10; round++) {
        const query = createVector(dims, random);
        const found = index.search({ ...search, query, scopes: [toScope(dims, contents)] });
        expect(found).toEqual(findExactly(contents, query, 10));
      }
    },
  );

  it("reads each content once, and forgets it when it is no longer found", () => {
    const contents = createContents(8, [5, 5, 5]);
    const { reader, reads } = createReader(contents);
    const index = new VectorIndex(reader, 2 ** 26);
    const query = createVector(8, createRandom(1));
    const scopes = [toScope(8, contents)];
    index.search({ ...search, query, scopes });
    index.search({ ...search, query, scopes });
    expect(reads).toEqual([0, 1, 2]);
    index.keepOnly(1, new Set([1]));
    const one = [{ spaceId: 1, dims: 8, versions: [1] }];
    const found = index.search({ ...search, query, scopes: one });
    expect(found.map(({ id }) => id).toSorted((a, b) => a - b)).toEqual([6, 7, 8, 9, 10]);
    expect(reads).toEqual([0, 1, 2]);
    index.search({ ...search, query, scopes });
    expect(reads).toEqual([0, 1, 2, 0, 2]);
  });

  it("finds the same within little memory, and takes no more than it may", () => {
    const contents = createContents(384, [300, 300, 300, 300]);
    const bytesMax = 5 * 65_536;
    const index = new VectorIndex(createReader(contents).reader, bytesMax);
    const random = createRandom(3);
    for (let round = 0; round < 12; round++) {
      const some = new Map([...contents].filter(([version]) => version % 3 === round % 3 || round > 6));
      const query = createVector(384, random);
      const found = index.search({ ...search, query, scopes: [toScope(384, some)] });
      expect(found).toEqual(findExactly(some, query, 10));
      expect(index.bytes).toBeLessThanOrEqual(bytesMax);
    }
  });

  it("makes room for vectors of another length by giving up those that were not asked for", () => {
    const small = createContents(16, [3000]);
    const large = createContents(1024, [60], 10_000);
    const contents = new Map([...small, [1, large.get(0) ?? []] as const]);
    const index = new VectorIndex(createReader(contents).reader, 3 * 65_536);
    const random = createRandom(5);
    for (let round = 0; round < 3; round++) {
      for (const [version, dims] of [
        [0, 16],
        [1, 1024],
      ] as const) {
        const query = createVector(dims, random);
        const found = index.search({ ...search, query, scopes: [{ spaceId: 1, dims, versions: [version] }] });
        const expected = findExactly(new Map([[0, contents.get(version) ?? []]]), query, 10);
        expect(found.map(({ score }) => score)).toEqual(expected.map(({ score }) => score));
        expect(index.bytes).toBeLessThanOrEqual(3 * 65_536);
      }
    }
  });

  it("compares nothing of another length, and finds nothing below its floor", () => {
    const contents = createContents(4, [10]);
    const index = new VectorIndex(createReader(contents).reader, 2 ** 26);
    const query = createVector(8, createRandom(1));
    expect(index.search({ ...search, query, scopes: [toScope(4, contents)] })).toEqual([]);
    const other = createVector(4, createRandom(1));
    const found = index.search({ ...search, query: other, floor: 0.3, scopes: [toScope(4, contents)] });
    expect(found).toEqual(findExactly(contents, other, 10).filter(({ score }) => score > 0.3));
  });

  it("keeps nothing of a content that it was made to give up", () => {
    const contents = createContents(16, [1000]);
    const { reader, reads } = createReader(contents);
    const index = new VectorIndex(reader, 2 ** 26);
    const query = createVector(16, createRandom(1));
    let asked = 0;
    const check = () => {
      if (++asked > 2) throw new Error("given up");
    };
    expect(() => index.search({ ...search, query, check, scopes: [toScope(16, contents)] })).toThrow(
      "given up",
    );
    const found = index.search({ ...search, query, scopes: [toScope(16, contents)] });
    expect(found).toEqual(findExactly(contents, query, 10));
    expect(reads).toEqual([0, 0]);
  });
});

it("compares whatever numbers there are to what a byte can say", () => {
  const numbers = fc.float({ noNaN: true, noDefaultInfinity: true, min: -1, max: 1 });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 200 }),
      fc.array(numbers, { minLength: 400, maxLength: 400 }),
      (dims, given) => {
        const rows = new VectorRows(dims);
        const [vector, query] = [
          Float32Array.from(given.slice(0, dims)),
          Float32Array.from(given.slice(200, 200 + dims)),
        ];
        const row = rows.add(vector) ?? 0;
        rows.setQuery(query);
        const [score = Number.NaN] = rows.compare([row]);
        const most = Math.max(...vector.map(Math.abs)) * Math.max(...query.map(Math.abs));
        expect(Math.abs(score - multiply(vector, query))).toBeLessThanOrEqual(most * dims * 0.005 + 1e-6);
      },
    ),
  );
});
