import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSqlite, type Storage } from "@llm-backend/storage";
import {
  createHashedEmbedder,
  createKnowledgeSearch,
  type Embedder,
  type KnowledgeQuery,
  type KnowledgeSearch,
} from "../../src/index.ts";

const vectorsPerStep = 200;
const userId = 1;

/** A database with a search over it; both are gone when it is disposed of. */
export class SearchedDatabase implements AsyncDisposable {
  readonly storage: Storage;
  readonly path: string;
  readonly search: KnowledgeSearch;
  /** By model; what is not there is embedded by hashed features. */
  readonly embedders: Map<string, Embedder | undefined>;
  readonly #folder: string;
  #made = 0;

  private constructor(folder: string, storage: Storage, vectorBytesMax: number | undefined) {
    this.#folder = folder;
    this.storage = storage;
    this.path = join(folder, "test.db");
    this.embedders = new Map();
    const hashed = createHashedEmbedder();
    const findEmbedder = (model: string) => (this.embedders.has(model) ? this.embedders.get(model) : hashed);
    this.search = createKnowledgeSearch({ storage, path: this.path, findEmbedder, vectorBytesMax });
  }

  static async open(options: { vectorBytesMax?: number } = {}): Promise<SearchedDatabase> {
    const folder = await mkdtemp(join(tmpdir(), "llm-backend-knowledge-"));
    const storage = await openSqlite({ path: join(folder, "test.db"), exclusive: true });
    await storage.users.insert({
      id: userId,
      username: "a",
      usernameKey: "a",
      passwordHash: "",
      role: "user",
      status: "active",
      tokensValidFrom: 0,
      createdAt: 0,
    });
    return new SearchedDatabase(folder, storage, options.vectorBytesMax);
  }

  async addBase(embeddingModel = "builtin-hashed"): Promise<string> {
    const id = this.#toId("kb");
    await this.storage.bases.insert({ id, userId, name: "A base", embeddingModel, createdAt: 0 });
    return id;
  }

  /** A content that is ingested but for the last step; of the document of this name. */
  async addContent(baseId: string, name: string, contents: readonly string[]) {
    const { documents } = this.storage;
    let documentId = (await documents.findByName(baseId, name))?.id;
    if (documentId === undefined) {
      documentId = this.#toId("doc");
      await documents.insert({ id: documentId, baseId, name, kind: "text", createdAt: 0 });
    }
    const versionId = this.#toId("ver");
    const version = {
      id: versionId,
      documentId,
      hash: versionId,
      fileKey: versionId,
      bytes: 1,
      createdAt: 0,
    };
    await documents.insertVersion(version);
    const rows = contents.map((content, position) => ({
      position,
      start: 0,
      end: content.length,
      headings: [],
      content,
    }));
    for (let index = 0; index < rows.length; index += vectorsPerStep) {
      await this.storage.transaction((tx) =>
        tx.passages.insertBatch(versionId, rows.slice(index, index + vectorsPerStep)),
      );
    }
    await this.embed(baseId);
    return { documentId, versionId };
  }

  /** A document that is found. */
  async addDocument(baseId: string, name: string, contents: readonly string[]): Promise<string> {
    const { documentId, versionId } = await this.addContent(baseId, name, contents);
    await this.storage.documents.switchVersion(documentId, versionId, 1);
    return documentId;
  }

  /** Gives every passage of a base its vector, in the space that is filled, or else in the one that is searched. */
  async embed(baseId: string): Promise<void> {
    const base = await this.storage.bases.find(baseId);
    if (base === undefined) return;
    const space = base.nextSpaceId ?? base.spaceId;
    const model = base.nextEmbeddingModel ?? base.embeddingModel;
    const embedder = this.embedders.has(model) ? this.embedders.get(model) : createHashedEmbedder();
    if (embedder === undefined) return;
    const { signal } = new AbortController();
    for (;;) {
      const some = await this.storage.passages.listWithoutVector(
        space,
        { baseId },
        { limit: vectorsPerStep },
      );
      if (some.length === 0) return;
      const texts = some.map(({ content }) => content);
      const vectors = await embedder.embed(texts, { signal, purpose: "passage", userId });
      const rows = some.map(({ id }, index) => ({
        passageId: id,
        vector: vectors[index] ?? new Float32Array(),
      }));
      await this.storage.transaction((tx) => tx.passages.insertVectors(space, rows));
    }
  }

  /** The texts that are found. */
  async find(
    text: string,
    query: Partial<KnowledgeQuery> & Pick<KnowledgeQuery, "baseIds">,
  ): Promise<string[]> {
    return (await this.ask(text, query)).passages.map(({ passage }) => passage.content);
  }

  ask(text: string, query: Partial<KnowledgeQuery> & Pick<KnowledgeQuery, "baseIds">) {
    const { signal } = new AbortController();
    return this.search.search({ text, limit: 5, userId, ...query }, { signal });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.search.close();
    await this.storage.close();
    await rm(this.#folder, { recursive: true, force: true });
  }

  #toId(prefix: string): string {
    return `${prefix}_${String(++this.#made).padStart(26, "0")}`;
  }
}
