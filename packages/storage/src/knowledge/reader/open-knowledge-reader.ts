import SqliteConnection from "better-sqlite3";
import type { Selectable } from "kysely";
import { toKnowledgePassage } from "../knowledge-row.ts";
import type { KnowledgePassageTable } from "../knowledge-table.ts";
import type { PlacedPassage } from "../passage-repository.ts";
import { readVectorBytes } from "../vector-bytes.ts";
import { readRowCount } from "./row-count.ts";
import { toWordMatch, type WordMatch } from "./word-match.ts";

/** What of a base is searched. */
export type SearchedBase = {
  readonly number: number;
  readonly spaceId: number;
  readonly model: string;
  /** Null: there are no vectors. */
  readonly dims: number | null;
  /** As long as it is the same, so are the contents that are found, and their passages and vectors. */
  readonly revision: number;
};

/** A content that is found. */
export type CurrentVersion = {
  readonly number: number;
  readonly documentId: string;
  readonly passages: number;
};

/** A passage that has a word. */
export type WordHit = readonly [passageId: number, score: number];

/** Reads what searches need, without waiting for anybody: for a thread of its own, because everything in it blocks. */
export type KnowledgeReader = {
  /** Runs `work` on one state of the database. */
  read<T>(work: () => T): T;
  findBase(id: string): SearchedBase | undefined;
  listCurrent(baseId: string): CurrentVersion[];
  /** How many passages the index has, of all bases. */
  countIndexed(): number;
  /** In how many passages of a base a word stands, half-ingested ones included. */
  countWord(baseNumber: number, word: string): number;
  /** The passages that have these words in a row, and how much they are about them: larger is better. In order of their ids. */
  matchWords(match: WordMatch): Iterable<WordHit>;
  /** Which contents passages belong to, whether these are found or not. */
  findVersions(passageIds: readonly number[]): Map<number, number>;
  /**
   * Hands out the vectors of a content, in the order of its passages; the array is another one's in the next turn. Ends early
   * where `each` says false.
   */
  eachVector(
    of: { readonly spaceId: number; readonly version: number; readonly dims: number },
    each: (passageId: number, vector: Float32Array) => boolean,
  ): void;
  /** Reads one vector into an array of its length; false where there is none. */
  readVector(of: { readonly spaceId: number; readonly passageId: number }, into: Float32Array): boolean;
  /** Passages that are found, in no order; those that are not are left out. */
  readPassages(ids: readonly number[]): PlacedPassage[];
  close(): void;
};

type PassageRow = Selectable<KnowledgePassageTable> & {
  base_id: string;
  document_id: string;
  document_name: string;
};

// Words of a document's name and headings count so much more than those of its text.
const titleWeight = 1.5;

/** Opens the database for searching. It has to have the newest schema. */
export function openKnowledgeReader(path: string): KnowledgeReader {
  const connection = new SqliteConnection(path, { readonly: true, fileMustExist: true });
  const statements = prepareStatements(connection);
  return {
    ...createVectorReads(statements),
    read: (work) => connection.transaction(work)(),
    findBase: (id) => statements.base.get(id),
    listCurrent: (baseId) => statements.current.all(baseId),
    countIndexed: () => readRowCount(statements.averages.get()),
    countWord: (baseNumber, word) => statements.wordCount.get(`${baseNumber}b${word}`) ?? 0,
    matchWords: (match) => statements.matches.iterate(toWordMatch(match)),
    findVersions: (ids) => new Map(statements.versions.all(JSON.stringify(ids))),
    readPassages(ids) {
      return statements.passages.all(JSON.stringify(ids)).map((row) => ({
        ...toKnowledgePassage(row),
        baseId: row.base_id,
        documentId: row.document_id,
        documentName: row.document_name,
      }));
    },
    close: () => void connection.close(),
  };
}

type Statements = ReturnType<typeof prepareStatements>;

function createVectorReads({
  vectors,
  vector,
}: Pick<Statements, "vectors" | "vector">): Pick<KnowledgeReader, "eachVector" | "readVector"> {
  return {
    eachVector({ spaceId, version, dims }, each) {
      const into = new Float32Array(dims);
      for (const [passageId, bytes] of vectors.iterate(spaceId, version)) {
        if (bytes.length !== into.byteLength) continue;
        readVectorBytes(bytes, into);
        if (!each(passageId, into)) return;
      }
    },
    readVector({ spaceId, passageId }, into) {
      const bytes = vector.get(spaceId, passageId);
      if (bytes?.length !== into.byteLength) return false;
      readVectorBytes(bytes, into);
      return true;
    },
  };
}

function prepareStatements(connection: SqliteConnection.Database) {
  return {
    base: connection.prepare<[string], SearchedBase>(`
      select base.number, base.space_id as spaceId, space.model, space.dims, base.revision
      from knowledge_bases as base join knowledge_spaces as space on space.id = base.space_id
      where base.id = ? and base.removed_at is null and base.user_id is not null
    `),
    current: connection.prepare<[string], CurrentVersion>(`
      select version.number, document.id as documentId, version.passages
      from knowledge_documents as document
      join knowledge_versions as version on version.number = document.current_version
      where document.base_id = ? and document.removed_at is null
      order by version.number
    `),
    wordCount: connection.prepare<[string], number>("select doc from knowledge_words where term = ?").pluck(),
    matches: connection
      .prepare<[string], [number, number]>(
        `select rowid, -bm25(knowledge_index, 0.0, ${titleWeight}, 1.0)
         from knowledge_index where knowledge_index match ?`,
      )
      .raw(),
    averages: connection.prepare<[], Buffer>("select block from knowledge_index_data where id = 1").pluck(),
    versions: connection
      .prepare<[string], [number, number]>(
        "select id, version from knowledge_passages where id in (select value from json_each(?))",
      )
      .raw(),
    vectors: connection
      .prepare<[number, number], [number, Buffer]>(`
        select passage.id, vector.vector from knowledge_passages as passage
        join knowledge_vectors as vector on vector.space_id = ? and vector.passage_id = passage.id
        where passage.version = ? order by passage.position
      `)
      .raw(),
    vector: connection
      .prepare<[number, number], Buffer>(
        "select vector from knowledge_vectors where space_id = ? and passage_id = ?",
      )
      .pluck(),
    passages: connection.prepare<[string], PassageRow>(`
      select passage.*, document.base_id, document.id as document_id, document.name as document_name
      from knowledge_passages as passage
      join knowledge_versions as version on version.number = passage.version
      join knowledge_documents as document on document.id = version.document_id
      where passage.id in (select value from json_each(?)) and document.current_version = passage.version
    `),
  };
}
