import type { JobEvent, KnowledgeModel, UploadedDocument } from "@llm-backend/contract";
import type { Storage } from "@llm-backend/storage";
import { createUploadPlaces } from "../attachment/upload-places.ts";
import type { Viewer } from "../auth/viewer.ts";
import type { LookUps } from "../chat/look-up.ts";
import type { NewId } from "../identity/new-id.ts";
import { requireReadable } from "./base-access.ts";
import { createBaseService, type BaseService } from "./base-service.ts";
import { createDocumentService, type DocumentService } from "./document-service.ts";
import { createEmbeddingModels } from "./embedding-models.ts";
import { createPassageFinder, type PassageFinder } from "./find-passages.ts";
import { followJobs, type JobsFollowed } from "./job-feed.ts";
import type { KnowledgeEngine, KnowledgeRunner } from "./knowledge-engine.ts";
import type { KnowledgeSettings } from "./knowledge-settings.ts";
import { toDocumentView } from "./knowledge-views.ts";
import { removeLeftovers } from "./remove-leftovers.ts";
import { uploadDocument, type DocumentUpload } from "./upload-document.ts";
import { createUserPlaces } from "./user-places.ts";

/** Knowledge bases: what is asked of them. */
export type KnowledgeService = Pick<PassageFinder, "search" | "retrieve" | "requireBase"> & {
  readonly bases: BaseService;
  readonly documents: DocumentService & {
    /** @throws DomainError as `uploadDocument` does, and `rate_limited`. */
    upload(viewer: Viewer, upload: DocumentUpload): Promise<UploadedDocument>;
  };
  listModels(): KnowledgeModel[];
  /**
   * Tells of what is done with a base in the background.
   *
   * @throws DomainError `not_found`, also on the way, once the base is gone or no longer theirs to read; `rate_limited`.
   */
  followJobs(viewer: Viewer, followed: JobsFollowed, signal: AbortSignal): AsyncGenerator<JobEvent, void>;
};

/** The services, and what their process does with them. */
export type Knowledge = {
  readonly service: KnowledgeService;
  readonly lookUps: LookUps;
  /** Removes what is nobody's any more. @throws the signal's reason, between two steps, once it is aborted. */
  sweep(signal?: AbortSignal): Promise<void>;
};

/** What they stand on. */
export type KnowledgeDeps = {
  readonly storage: Storage;
  readonly newId: NewId;
  readonly now: () => number;
  readonly settings: KnowledgeSettings;
  readonly search: KnowledgeEngine["search"];
  readonly runner: Pick<KnowledgeRunner, "wake">;
  /** The names of the models that upstreams serve. */
  readonly listUpstreamModels: () => readonly string[];
  /** Begins to sweep soon. */
  readonly tidy: () => void;
};

/** Each looks into the database several times a second. */
const followersPerUser = 8;

/** Builds the services. */
export function createKnowledge(deps: KnowledgeDeps): Knowledge {
  const { storage, runner, settings } = deps;
  const models = createEmbeddingModels(deps);
  const given = { ...deps, models, wake: () => runner.wake() };
  const finder = createPassageFinder(given);
  const places = createUploadPlaces();
  const followers = createUserPlaces(
    followersPerUser,
    `The jobs of no more than ${followersPerUser} knowledge bases can be followed at once.`,
  );

  async function* follow(
    { userId }: Viewer,
    followed: JobsFollowed,
    signal: AbortSignal,
  ): AsyncGenerator<JobEvent, void> {
    using cleanup = new DisposableStack();
    cleanup.use(followers.take(userId));
    const requireAccess = () => requireReadable(storage, userId, [followed.baseId]);
    yield* followJobs({ knowledgeJobs: storage.knowledgeJobs, requireAccess }, followed, signal);
  }

  return {
    lookUps: finder.lookUps,
    sweep: (signal) => removeLeftovers(given, signal),
    service: {
      ...finder,
      bases: createBaseService(given),
      documents: {
        ...createDocumentService(given),
        async upload(viewer, upload) {
          using cleanup = new DisposableStack();
          cleanup.use(places.take(viewer.userId));
          const { document, isNew } = await uploadDocument({ ...deps, settings }, viewer, upload);
          if (isNew) {
            runner.wake();
            deps.tidy();
          }
          return { document: toDocumentView(document), isNew };
        },
      },
      listModels: () => models.list(),
      followJobs: follow,
    },
  };
}
