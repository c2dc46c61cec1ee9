import type { CurrentVersion, KnowledgeReader, SearchedBase } from "@llm-backend/storage";
import type { VectorIndex } from "../vector/vector-index.ts";

/** A base, and the contents of it that are found. */
export type BaseContents = {
  readonly base: SearchedBase;
  readonly versions: readonly CurrentVersion[];
  readonly numbers: ReadonlySet<number>;
  /** How many passages are found. */
  readonly passages: number;
  /** In how many passages words stand, as far as that has been asked: counting common words takes a while. */
  readonly counts: Map<string, number>;
};

/** The lists of so many bases are kept. */
const keptMax = 200;

/** Knows what is found of bases, and lets the vectors go that are not any more. */
export class SearchedBases {
  readonly #reader: KnowledgeReader;
  readonly #vectors: Pick<VectorIndex, "keepOnly">;
  /** In the order in which they were last asked for. */
  readonly #known = new Map<string, BaseContents>();

  constructor(reader: KnowledgeReader, vectors: Pick<VectorIndex, "keepOnly">) {
    this.#reader = reader;
    this.#vectors = vectors;
  }

  /** What is found of a base; undefined when it is gone. */
  find(baseId: string): BaseContents | undefined {
    const base = this.#reader.findBase(baseId);
    let contents = this.#known.get(baseId);
    this.#known.delete(baseId);
    if (base?.revision !== contents?.base.revision || base?.dims !== contents?.base.dims) {
      const before = contents?.base.spaceId;
      contents = base && this.#read(baseId, base);
      if (before !== undefined && before !== base?.spaceId) this.#vectors.keepOnly(before, new Set());
      if (contents !== undefined) this.#vectors.keepOnly(contents.base.spaceId, contents.numbers);
    }
    if (contents !== undefined) this.#keep(baseId, contents);
    return contents;
  }

  #read(baseId: string, base: SearchedBase): BaseContents {
    const versions = this.#reader.listCurrent(baseId);
    return {
      base,
      versions,
      numbers: new Set(versions.map(({ number }) => number)),
      passages: versions.reduce((sum, version) => sum + version.passages, 0),
      counts: new Map(),
    };
  }

  #keep(baseId: string, contents: BaseContents): void {
    this.#known.set(baseId, contents);
    if (this.#known.size <= keptMax) return;
    for (const [oldest, { base }] of this.#known) {
      this.#known.delete(oldest);
      // Without its list nobody would know when they have to go.
      this.#vectors.keepOnly(base.spaceId, new Set());
      return;
    }
  }
}
