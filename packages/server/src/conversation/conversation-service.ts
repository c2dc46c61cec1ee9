import {
  DomainError,
  type ConversationPage,
  type ConversationView,
  type CreateConversationInput,
  type ListConversationsInput,
  type UpdateConversationInput,
} from "@llm-backend/contract";
import type { Conversation, ConversationChange, Storage } from "@llm-backend/storage";
import type { Viewer } from "../auth/viewer.ts";
import type { NewId } from "../identity/new-id.ts";
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
    async create(viewer: Viewer, input: CreateConversationInput): Promise<ConversationView> {
      for (let tries = 0; tries < idTriesMax; tries++) {
        const id = deps.newId.integer();
        const at = now();
        const conversation: Conversation = {
          id,
          userId: viewer.userId,
          title: input.title,
          model: input.model,
          apiKeySealed: input.apiKey === undefined ? null : sealBox.seal(input.apiKey, toKeyPlace(id)),
          systemPrompt: input.systemPrompt ?? null,
          headMessageId: null,
          createdAt: at,
          updatedAt: at,
        };
        if (await storage.conversations.insert(conversation)) return toView(conversation);
      }
      throw new DomainError("internal", "No free conversation id was found.");
    },

    /** One page of the viewer's conversations, newest first. */
    async list(viewer: Viewer, input: ListConversationsInput): Promise<ConversationPage> {
      const rows = await storage.conversations.list(viewer.userId, {
        before: input.cursor,
        limit: input.limit + 1,
      });
      const page = rows.slice(0, input.limit);
      return {
        conversations: page.map(toView),
        nextCursor: rows.length > input.limit ? (page.at(-1)?.id ?? null) : null,
      };
    },

    /** @throws DomainError `not_found` */
    get: async (viewer: Viewer, conversationId: number): Promise<ConversationView> =>
      toView(await get(viewer, conversationId)),

    /** @throws DomainError `not_found` */
    async update(viewer: Viewer, input: UpdateConversationInput): Promise<ConversationView> {
      const { conversationId, title, model, apiKey, systemPrompt } = input;
      const sealed =
        apiKey === undefined || apiKey === null ? apiKey : sealBox.seal(apiKey, toKeyPlace(conversationId));
      const change: ConversationChange = {
        updatedAt: now(),
        ...(title === undefined ? {} : { title }),
        ...(model === undefined ? {} : { model }),
        ...(sealed === undefined ? {} : { apiKeySealed: sealed }),
        ...(systemPrompt === undefined ? {} : { systemPrompt }),
      };
      if (!(await storage.conversations.update(conversationId, viewer.userId, change))) throw notFound();
      return toView(await get(viewer, conversationId));
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
  };
}

function notFound(): DomainError {
  return new DomainError("not_found", "There is no such conversation.");
}

function toView(conversation: Conversation): ConversationView {
  return {
    conversationId: conversation.id,
    title: conversation.title,
    model: conversation.model,
    systemPrompt: conversation.systemPrompt,
    hasApiKey: conversation.apiKeySealed !== null,
    headMessageId: conversation.headMessageId,
    createdAt: new Date(conversation.createdAt),
    updatedAt: new Date(conversation.updatedAt),
  };
}
