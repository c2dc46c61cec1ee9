import {
  DomainError,
  questionCharsMax,
  type KnowledgeHits,
  type SearchKnowledgeInput,
} from "@llm-backend/contract";
import type { FoundPassage, FoundPassages } from "@llm-backend/knowledge";
import type { Storage } from "@llm-backend/storage";
import type { Viewer } from "../auth/viewer.ts";
import type { LookUps } from "../chat/look-up.ts";
import { noSuchBase, requireReadable } from "./base-access.ts";
import type { KnowledgeEngine } from "./knowledge-engine.ts";
import type { KnowledgeSettings } from "./knowledge-settings.ts";
import { toFoundView } from "./knowledge-views.ts";
import { toNotice } from "./search-notice.ts";
import { createUserPlaces } from "./user-places.ts";

/** What finding stands on. */
export type FindPassagesDeps = {
  readonly storage: Storage;
  readonly search: KnowledgeEngine["search"];
  readonly settings: Pick<KnowledgeSettings, "topK" | "contextTokensMax" | "lookUpMsMax">;
};

/** A question to one base. */
export type RetrieveAsk = {
  readonly baseId: string;
  readonly text: string;
  /** @default as the configuration says */
  readonly topK?: number | undefined;
  readonly signal: AbortSignal;
};

/** Finding passages in bases that somebody may read. */
export type PassageFinder = ReturnType<typeof createPassageFinder>;

/** All searches of a process stand in one line: nobody fills it alone. Answers have limits of their own. */
const searchesPerUser = 10;

/** Creates the finder. */
export function createPassageFinder({ storage, search, settings }: FindPassagesDeps) {
  const { topK: usualTopK } = settings;
  const places = createUserPlaces(
    searchesPerUser,
    `No more than ${searchesPerUser} searches can be under way at once.`,
  );

  async function find(ask: {
    readonly userId: number;
    readonly baseIds: readonly string[];
    readonly text: string;
    readonly topK: number | undefined;
    readonly signal: AbortSignal;
  }): Promise<FoundPassages> {
    const { userId, baseIds, text, topK: limit = usualTopK, signal } = ask;
    signal.throwIfAborted();
    if (baseIds.length === 0 || text.trim() === "") return { passages: [] };
    const inTime = AbortSignal.any([signal, AbortSignal.timeout(settings.lookUpMsMax)]);
    const query = { userId, baseIds, text: text.slice(0, questionCharsMax).toWellFormed(), limit };
    try {
      return await search.search(query, { signal: inTime });
    } catch (error) {
      signal.throwIfAborted();
      if (!inTime.aborted) throw error;
      throw new DomainError("upstream_timeout", "Looking the question up took too long.", { cause: error });
    }
  }

  const lookUps: LookUps = {
    contextTokensMax: settings.contextTokensMax,
    async find({ userId, baseIds, ...ask }, { signal }) {
      const readable = await storage.bases.listMayRead(userId, baseIds);
      return find({ ...ask, userId, baseIds: readable, signal });
    },
  };

  return {
    lookUps,

    /** @throws DomainError `not_found`, `rate_limited`, and as the embedding model's upstream does. */
    async search(
      viewer: Viewer,
      input: SearchKnowledgeInput,
      { signal }: { readonly signal: AbortSignal },
    ): Promise<KnowledgeHits> {
      using cleanup = new DisposableStack();
      cleanup.use(places.take(viewer.userId));
      await requireReadable(storage, viewer.userId, input.baseIds);
      const { passages, failure } = await search.search({ ...input, userId: viewer.userId }, { signal });
      return {
        passages: passages.map(toFoundView),
        notice: failure === undefined ? null : toNotice(failure),
      };
    },

    /**
     * What a base has for a question, best first; `toContextMessage` makes a message of it.
     *
     * @param userId - Who asks and pays; null for a token of the operator's, that reads all bases and has their owners pay.
     * @throws DomainError `not_found` for a base that is not there, or not theirs to read; as the embedding model's
     *   upstream does. The abort's reason after an abort.
     */
    async retrieve(userId: number | null, ask: RetrieveAsk): Promise<readonly FoundPassage[]> {
      const { baseId, text, topK, signal } = ask;
      const base = await storage.bases.find(baseId);
      if (base === undefined) throw noSuchBase();
      if (userId !== null && base.userId !== userId) await requireReadable(storage, userId, [baseId]);
      const { passages } = await find({
        userId: userId ?? base.userId,
        baseIds: [baseId],
        text,
        topK,
        signal,
      });
      return passages;
    },

    /** Makes sure that a base is there, and theirs to read. @throws DomainError `not_found` */
    async requireBase(userId: number | null, baseId: string): Promise<void> {
      if (userId !== null) return requireReadable(storage, userId, [baseId]);
      if ((await storage.bases.find(baseId)) === undefined) throw noSuchBase();
    },
  };
}
