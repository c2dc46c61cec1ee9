import {
  DomainError,
  type CreateBaseInput,
  type KnowledgeBasePage,
  type KnowledgeBaseView,
  type ListBasesInput,
  type ReaderInput,
  type Readers,
  type UpdateBaseInput,
} from "@llm-backend/contract";
import type { Repositories, Storage, User } from "@llm-backend/storage";
import { toUsernameKey } from "../auth/username-key.ts";
import type { Viewer } from "../auth/viewer.ts";
import type { NewId } from "../identity/new-id.ts";
import { getOwn, getReadable } from "./base-access.ts";
import type { EmbeddingModels } from "./embedding-models.ts";
import type { KnowledgeSettings } from "./knowledge-settings.ts";
import { toBaseView } from "./knowledge-views.ts";

/** What the service stands on. */
export type BaseServiceDeps = {
  readonly storage: Storage;
  readonly newId: NewId;
  readonly now: () => number;
  readonly models: EmbeddingModels;
  readonly settings: Pick<KnowledgeSettings, "basesPerUser">;
  /** To be called when there is a job that waits. */
  readonly wake: () => void;
  /** To be called when something is to be removed, in steps. */
  readonly tidy: () => void;
};

/** The most readers of one base. */
const readersMax = 1000;

/** Knowledge bases, and who reads them. */
export type BaseService = ReturnType<typeof createBaseService>;

/** Creates the service. A foreign base and an absent one are the same: `not_found`. */
export function createBaseService(deps: BaseServiceDeps) {
  const { storage, newId, now, models } = deps;

  async function show(
    viewer: Viewer,
    baseId: string,
    from: Pick<Repositories, "bases"> = storage,
  ): Promise<KnowledgeBaseView> {
    return toBaseView(await getReadable(from, viewer, baseId), viewer.userId);
  }

  /** Begins to embed everything with another model; the model that the base has gives up what was begun before. */
  async function setModel(tx: Repositories, baseId: string, model: string): Promise<boolean> {
    const base = await tx.bases.find(baseId);
    if (base === undefined || (base.nextEmbeddingModel ?? base.embeddingModel) === model) return false;
    for (const job of await tx.knowledgeJobs.listOpen([baseId])) {
      if (job.kind === "re-embed") await tx.knowledgeJobs.cancel(job.id, now());
    }
    if (base.embeddingModel === model) {
      await tx.bases.abandonModel(baseId);
      return false;
    }
    const spaceId = await tx.bases.setModel(baseId, model, now());
    if (spaceId === undefined) return false;
    const id = newId.text("job");
    await tx.knowledgeJobs.insert({ id, kind: "re-embed", baseId, spaceId, createdAt: now() });
    return true;
  }

  return {
    /** @throws DomainError `model_not_found`, `quota_exceeded` */
    async create(viewer: Viewer, input: CreateBaseInput): Promise<KnowledgeBaseView> {
      const { userId } = viewer;
      const embeddingModel = models.choose(input.embeddingModel);
      const id = newId.text("kb");
      await storage.transaction(async (tx) => {
        const { bases } = await tx.documents.measure(userId);
        if (bases >= deps.settings.basesPerUser) {
          throw new DomainError("quota_exceeded", `You have ${bases} knowledge bases, and can have no more.`);
        }
        await tx.bases.insert({ id, userId, name: input.name, embeddingModel, createdAt: now() });
      });
      return show(viewer, id);
    },

    /** One page of the bases that the viewer owns or reads, newest first. */
    async list(viewer: Viewer, { cursor, limit }: ListBasesInput): Promise<KnowledgeBasePage> {
      const rows = await storage.bases.listReadable(viewer.userId, { before: cursor, limit: limit + 1 });
      const page = rows.slice(0, limit);
      return {
        bases: page.map((base) => toBaseView(base, viewer.userId)),
        nextCursor: rows.length > limit ? (page.at(-1)?.id ?? null) : null,
      };
    },

    /** @throws DomainError `not_found` */
    get: (viewer: Viewer, baseId: string): Promise<KnowledgeBaseView> => show(viewer, baseId),

    /**
     * Changes a base. With another embedding model everything is embedded anew in the background; until that is done the
     * base is searched with the one that it has.
     *
     * @throws DomainError `not_found`, `model_not_found`; `forbidden` for readers.
     */
    async update(
      viewer: Viewer,
      { baseId, name, embeddingModel }: UpdateBaseInput,
    ): Promise<KnowledgeBaseView> {
      const model = embeddingModel === undefined ? undefined : models.choose(embeddingModel);
      const { view, hasJob } = await storage.transaction(async (tx) => {
        await getOwn(tx, viewer, baseId);
        if (name !== undefined) await tx.bases.rename(baseId, name);
        const isBegun = model !== undefined && (await setModel(tx, baseId, model));
        // As it is then: a small base may be embedded anew before it is looked at again.
        return { view: await show(viewer, baseId, tx), hasJob: isBegun };
      });
      if (hasJob) deps.wake();
      return view;
    },

    /**
     * Removes a base with all its documents: at once for everybody, from the disk in steps.
     *
     * @throws DomainError `not_found`; `forbidden` for readers.
     */
    async remove(viewer: Viewer, baseId: string): Promise<void> {
      await storage.transaction(async (tx) => {
        await getOwn(tx, viewer, baseId);
        await tx.bases.delete(baseId, now());
      });
      deps.tidy();
    },

    /**
     * Lets somebody read a base; once more changes nothing.
     *
     * @throws DomainError `not_found` also for a user who is not there; `forbidden` for readers, `quota_exceeded`.
     */
    async addReader(viewer: Viewer, { baseId, username }: ReaderInput): Promise<Readers> {
      return storage.transaction(async (tx) => {
        await getOwn(tx, viewer, baseId);
        const reader = await getUser(tx, username);
        if (reader.id === viewer.userId) throw new DomainError("invalid_input", "The base is yours already.");
        if ((await tx.bases.listReaders(baseId)).length >= readersMax) {
          throw new DomainError("quota_exceeded", `A base can have no more than ${readersMax} readers.`);
        }
        await tx.bases.addReader(baseId, reader.id, now());
        return listReaders(tx, baseId);
      });
    },

    /**
     * Takes that back; once more changes nothing. Readers can do so for themselves.
     *
     * @throws DomainError `not_found`; `forbidden` for readers who name somebody else.
     */
    async removeReader(viewer: Viewer, { baseId, username }: ReaderInput): Promise<Readers> {
      return storage.transaction(async (tx) => {
        const base = await getReadable(tx, viewer, baseId);
        const isSelf = toUsernameKey(username) === toUsernameKey(viewer.username);
        if (!isSelf || base.userId === viewer.userId) await getOwn(tx, viewer, baseId);
        const reader = await tx.users.findByKey(toUsernameKey(username));
        if (reader !== undefined) await tx.bases.removeReader(baseId, reader.id);
        return base.userId === viewer.userId ? listReaders(tx, baseId) : { readers: [] };
      });
    },

    /** @throws DomainError `not_found`; `forbidden` for readers. */
    async listReaders(viewer: Viewer, baseId: string): Promise<Readers> {
      await getOwn(storage, viewer, baseId);
      return listReaders(storage, baseId);
    },
  };
}

async function listReaders(from: Pick<Repositories, "bases">, baseId: string): Promise<Readers> {
  const readers = await from.bases.listReaders(baseId);
  return { readers: readers.map(({ username }) => ({ username })) };
}

async function getUser(from: Pick<Repositories, "users">, username: string): Promise<User> {
  const user = await from.users.findByKey(toUsernameKey(username));
  if (user?.status !== "active") throw new DomainError("not_found", "There is no such user.");
  return user;
}
