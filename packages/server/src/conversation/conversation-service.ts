import {
  DomainError,
  type ConversationPage,
  type ConversationView,
  type CreateConversationInput,
  type ListConversationsInput,
  type RemovedConversations,
  type UpdateConversationInput,
} from "@llm-backend/contract";
import type { Conversation, ConversationChange, ShelfPosition, Storage } from "@llm-backend/storage";
import type { Viewer } from "../auth/viewer.ts";
import type { NewId } from "../identity/new-id.ts";
import { requireReadable } from "../knowledge/base-access.ts";
import type { SealBox } from "../secrets/seal-box.ts";

/** What the service stands on. */
export type ConversationServiceDeps = {
  readonly storage: Storage;
  readonly sealBox: SealBox;
  readonly newId: NewId;
  readonly now: () => number;
  /** Ends the runs of a conversation that is gone. */
  readonly discardRuns: (conversationId: number) => void;
};

/** The conversations of a user. */
export type ConversationService = ReturnType<typeof createConversationService>;

const idTriesMax = 5;
/** So many conversations are removed in one transaction: others want to write as well. */
const removedPerStep = 20;

/** Where the sealed key of a conversation belongs. */
export function toKeyPlace(conversationId: number): string {
  return `conversation/${conversationId}/api_key`;
}

/** Creates the service. A foreign conversation and an absent one are the same: `not_found`. */
export function createConversationService(deps: ConversationServiceDeps) {
  const { storage, sealBox, now } = deps;

  const get = async (viewer: Viewer, conversationId: number): Promise<Conversation> => {
    const conversation = await storage.conversations.find(conversationId, viewer.userId);
    if (conversation === undefined) throw notFound();
    return conversation;
  };

  return {
    /** @throws DomainError `not_found` for a knowledge base that is not theirs to read. */
    async create(viewer: Viewer, input: CreateConversationInput): Promise<ConversationView> {
      await requireReadable(storage, viewer.userId, input.knowledgeBaseIds ?? []);
      for (let tries = 0; tries < idTriesMax; tries++) {
        const id = deps.newId.integer();
        const at = now();
        const conversation: Conversation = {
          id,
          userId: viewer.userId,
          title: input.title ?? "",
          titleSource: input.title === undefined ? "words" : "user",
          model: input.model,
          apiKeySealed: input.apiKey === undefined ? null : sealBox.seal(input.apiKey, toKeyPlace(id)),
          systemPrompt: input.systemPrompt ?? null,
          headMessageId: null,
          isPinned: false,
          isArchived: false,
          tools: input.tools ?? null,
          knowledgeBaseIds: input.knowledgeBaseIds ?? [],
          topK: input.topK ?? null,
          importKey: null,
          createdAt: at,
          updatedAt: at,
        };
        if (await storage.transaction((tx) => tx.conversations.insert(conversation))) {
          return toConversationView(conversation);
        }
      }
      throw new DomainError("internal", "No free conversation id was found.");
    },

    /** One page of the viewer's conversations: pinned ones first, and of each kind the newest first. */
    async list(viewer: Viewer, input: ListConversationsInput): Promise<ConversationPage> {
      const rows = await listRows(viewer, input);
      const page = rows.slice(0, input.limit);
      const last = page.at(-1);
      const hasMore = rows.length > input.limit && last !== undefined;
      return {
        conversations: page.map(toConversationView),
        nextCursor: hasMore ? toListCursor(last, input) : null,
      };
    },

    /** @throws DomainError `not_found` */
    get: async (viewer: Viewer, conversationId: number): Promise<ConversationView> =>
      toConversationView(await get(viewer, conversationId)),

    /** @throws DomainError `not_found`, also for a knowledge base that is not theirs to read. */
    async update(viewer: Viewer, input: UpdateConversationInput): Promise<ConversationView> {
      const { conversationId, title, model, apiKey, systemPrompt, pinned, archived, tools } = input;
      const { knowledgeBaseIds, topK } = input;
      const sealed =
        apiKey === undefined || apiKey === null ? apiKey : sealBox.seal(apiKey, toKeyPlace(conversationId));
      const change: ConversationChange = {
        updatedAt: now(),
        ...(title === undefined ? {} : { title, titleSource: "user" }),
        ...(model === undefined ? {} : { model }),
        ...(sealed === undefined ? {} : { apiKeySealed: sealed }),
        ...(systemPrompt === undefined ? {} : { systemPrompt }),
        ...(pinned === undefined ? {} : { isPinned: pinned }),
        ...(archived === undefined ? {} : { isArchived: archived }),
        ...(tools === undefined ? {} : { tools }),
        ...(knowledgeBaseIds === undefined ? {} : { knowledgeBaseIds }),
        ...(topK === undefined ? {} : { topK }),
      };
      const { userId } = viewer;
      const isThere = await storage.transaction(async (tx) => {
        await requireReadable(tx, userId, knowledgeBaseIds ?? []);
        return tx.conversations.update(conversationId, userId, change);
      });
      if (!isThere) throw notFound();
      return toConversationView(await get(viewer, conversationId));
    },

    /**
     * Removes a conversation with everything in it, and ends its runs.
     *
     * @throws DomainError `not_found`
     */
    async remove(viewer: Viewer, conversationId: number): Promise<void> {
      if (!(await storage.conversations.delete(conversationId, viewer.userId))) throw notFound();
      deps.discardRuns(conversationId);
    },

    /**
     * Removes all conversations that the viewer has now, and ends their runs. In steps: when it is cut off, the newest
     * ones are left.
     */
    async removeAll({ userId }: Pick<Viewer, "userId">): Promise<RemovedConversations> {
      const [newest] = await storage.conversations.list(userId, { limit: 1 });
      const upTo = newest?.id ?? 0;
      let removed = 0;
      for (;;) {
        const range = { upTo, limit: removedPerStep };
        const ids = await storage.transaction((tx) => tx.conversations.deleteOldest(userId, range));
        for (const id of ids) deps.discardRuns(id);
        removed += ids.length;
        if (ids.length < removedPerStep) return { removed };
      }
    },
  };

  function listRows(viewer: Viewer, input: ListConversationsInput): Promise<Conversation[]> {
    const { cursor, archived, pinnedFirst } = input;
    const limit = input.limit + 1;
    const isArchived = archived === "all" ? undefined : archived;
    return pinnedFirst
      ? storage.conversations.listShelf(viewer.userId, { isArchived, behind: readListCursor(cursor), limit })
      : storage.conversations.list(viewer.userId, { before: cursor, isArchived, limit });
  }
}

/** Ids are positive: a negative one says that the page ended among the pinned conversations. */
function toListCursor(last: Conversation, { pinnedFirst }: ListConversationsInput): number {
  return pinnedFirst && last.isPinned ? -last.id : last.id;
}

function readListCursor(cursor: number | undefined): ShelfPosition | undefined {
  return cursor === undefined ? undefined : { isPinned: cursor < 0, before: Math.abs(cursor) };
}

function notFound(): DomainError {
  return new DomainError("not_found", "There is no such conversation.");
}

/** What of a conversation its user sees. */
export function toConversationView(conversation: Conversation): ConversationView {
  return {
    conversationId: conversation.id,
    title: conversation.title,
    titleSource: conversation.titleSource,
    model: conversation.model,
    systemPrompt: conversation.systemPrompt,
    hasApiKey: conversation.apiKeySealed !== null,
    headMessageId: conversation.headMessageId,
    pinned: conversation.isPinned,
    archived: conversation.isArchived,
    tools: conversation.tools,
    knowledgeBaseIds: [...conversation.knowledgeBaseIds],
    topK: conversation.topK,
    createdAt: new Date(conversation.createdAt),
    updatedAt: new Date(conversation.updatedAt),
  };
}
