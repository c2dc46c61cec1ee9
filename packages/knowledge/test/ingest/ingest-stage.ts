import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { openSqlite, type KnowledgeJob, type Storage } from "@llm-backend/storage";
import {
  createIngest,
  type DocumentReader,
  type Ingest,
  type IngestDeps,
  type IngestSettings,
} from "../../src/index.ts";
import { createFakeEmbedder, type FakeEmbedder } from "./fake-embedder.ts";

/** Bases in a fresh database, and processes that take in their documents. */
export type IngestStage = AsyncDisposable & {
  readonly storage: Storage;
  readonly clock: { now: number };
  /** A base with the model `model-1`. */
  readonly baseId: string;
  readonly embedder: FakeEmbedder;
  /** Failures whose reason nobody is told. */
  readonly errors: readonly unknown[];
  /** Another base, of another user. */
  addBase(): Promise<string>;
  /** Stores a document: each of its lines is a passage. */
  upload(name: string, lines: readonly string[], baseId?: string): Promise<Uploaded>;
  /** Lets a content that failed be tried again. */
  retry(uploaded: Uploaded): Promise<string>;
  /** Begins to embed the base with another model. @returns the job */
  setModel(model: string): Promise<string>;
  /** A process that works on jobs, with a database connection of its own. */
  startProcess(given?: ProcessOptions): Promise<Ingest>;
  /** Waits until a job has ended, or waits for another try. */
  settled(jobId: string): Promise<KnowledgeJob>;
  /** The passages that are found in a base. All of them have their vector in the space that is searched. */
  listFound(baseId?: string): Promise<string[]>;
};

/** What came of an upload. */
export type Uploaded = { readonly documentId: string; readonly versionId: string; readonly jobId: string };

export type ProcessOptions = Partial<Omit<IngestDeps, "settings">> & {
  readonly settings?: Partial<IngestSettings>;
};

/** Each line of a file is a passage. */
const lineReader: Pick<DocumentReader, "read"> = {
  async *read({ path }, { signal }) {
    const lines = (await readFile(path, "utf8")).split("\n");
    const passages = lines.map((content, position) => ({
      position,
      start: position,
      end: position + content.length,
      headings: [],
      content,
    }));
    for (let index = 0; index < passages.length; index += 50) {
      signal.throwIfAborted();
      yield passages.slice(index, index + 50);
    }
  },
};

/** Tests wait for what happens by itself; a try that follows another one waits for the clock. */
const quick: Partial<IngestSettings> = { lookMs: 5, pollMs: 10 };

let ids = 0;
const newId = (prefix: string): string => `${prefix}_${String(++ids).padStart(26, "0")}`;

/** Opens a stage. */
export async function openIngestStage(): Promise<IngestStage> {
  await using cleanup = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "llm-backend-"));
  cleanup.defer(() => rm(folder, { recursive: true, force: true }));
  const open = async (owner: AsyncDisposableStack): Promise<Storage> => {
    const storage = await openSqlite({ path: join(folder, "test.db"), shared: true });
    owner.defer(() => storage.close());
    return storage;
  };
  const storage = await open(cleanup);
  const clock = { now: Date.UTC(2026, 5, 1) };
  const errors: unknown[] = [];
  const embedder = createFakeEmbedder();
  const addBase = () => insertBase(storage, clock.now);
  const baseId = await addBase();
  const kept = cleanup.move();
  return {
    storage,
    clock,
    baseId,
    embedder,
    errors,
    addBase,
    upload: (name, lines, into = baseId) =>
      upload(storage, { name, lines, baseId: into, createdAt: clock.now }),
    retry: ({ documentId, versionId }) =>
      storage.transaction(async (tx) => {
        const id = newId("job");
        await tx.documents.setVersionState(versionId, "waiting");
        const job = { id, kind: "ingest", baseId, documentId, versionId, createdAt: clock.now } as const;
        await tx.knowledgeJobs.insert(job);
        return id;
      }),
    setModel: (model) =>
      storage.transaction(async (tx) => {
        const id = newId("job");
        const spaceId = await tx.bases.setModel(baseId, model, clock.now);
        await tx.knowledgeJobs.insert({ id, kind: "re-embed", baseId, spaceId, createdAt: clock.now });
        return id;
      }),
    async startProcess(given = {}) {
      const ingest = createIngest({
        storage: given.storage ?? (await open(kept)),
        reader: lineReader,
        embedder: embedder.of,
        owner: newId("process"),
        now: () => clock.now,
        onInternalError: (error) => errors.push(error),
        ...given,
        settings: { ...quick, ...given.settings },
      });
      kept.defer(() => ingest.close());
      ingest.start();
      return ingest;
    },
    settled: (jobId) => settled(storage, jobId),
    listFound: (of = baseId) => listFound(storage, of),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

async function insertBase(storage: Storage, createdAt: number): Promise<string> {
  const userId = ++ids;
  const username = `user ${userId}`;
  await storage.users.insert({
    id: userId,
    username,
    usernameKey: username,
    passwordHash: "none",
    role: "user",
    status: "active",
    tokensValidFrom: 0,
    createdAt,
  });
  const id = newId("kb");
  await storage.bases.insert({ id, userId, name: "A base", embeddingModel: "model-1", createdAt });
  return id;
}

async function upload(
  storage: Storage,
  given: { name: string; lines: readonly string[]; baseId: string; createdAt: number },
): Promise<Uploaded> {
  const { name, baseId, createdAt } = given;
  await using file = await storage.files.create();
  await file.write(Buffer.from(given.lines.join("\n")));
  const place = { ...(await file.seal()), fileKey: file.key };
  const [versionId, jobId] = [newId("ver"), newId("job")];
  const documentId = await storage.transaction(async (tx) => {
    const id = (await tx.documents.findByName(baseId, name))?.id ?? newId("doc");
    await tx.documents.insert({ id, baseId, name, kind: "text", createdAt });
    await tx.documents.insertVersion({ id: versionId, documentId: id, ...place, createdAt });
    const job = { id: jobId, kind: "ingest", baseId, documentId: id, versionId, createdAt } as const;
    await tx.knowledgeJobs.insert(job);
    return id;
  });
  file.keep();
  return { documentId, versionId, jobId };
}

async function settled(storage: Storage, jobId: string): Promise<KnowledgeJob> {
  for (;;) {
    const job = await storage.knowledgeJobs.find(jobId);
    if (job === undefined) throw new Error("There is no such job.");
    const isTriedAgain = job.state === "waiting" && job.failure !== null;
    if (isTriedAgain || (job.state !== "waiting" && job.state !== "running")) return job;
    await pause(2);
  }
}

async function listFound(storage: Storage, baseId: string): Promise<string[]> {
  const { spaceId = 0 } = (await storage.bases.find(baseId)) ?? {};
  const found: string[] = [];
  for (const { id: documentId } of await storage.documents.list(baseId, { limit: 1000 })) {
    const passages = await storage.passages.listOfDocument(documentId, { limit: 10_000 });
    found.push(...passages.map(({ content }) => content));
  }
  for (const { id } of await storage.documents.listFound(baseId, { after: 0, limit: 1000 })) {
    const missing = await storage.passages.listWithoutVector(spaceId, { versionId: id }, { limit: 1 });
    if (missing.length > 0) throw new Error("A passage is found that has no vector.");
  }
  return found;
}
