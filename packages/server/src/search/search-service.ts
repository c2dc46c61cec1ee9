import {
  DomainError,
  type SearchConversationsInput,
  type SearchHitView,
  type SearchPage,
} from "@llm-backend/contract";
import {
  readSearchTerms,
  type SearchFilter,
  type SearchHit,
  type SearchPosition,
  type SearchTerm,
  type Storage,
} from "@llm-backend/storage";
import type { Viewer } from "../auth/viewer.ts";
import { toSnippet } from "./snippet.ts";

/** Finding what was said. */
export type SearchService = ReturnType<typeof createSearchService>;

/** Creates the service. */
export function createSearchService({ storage }: { storage: Storage }) {
  return {
    /**
     * One page of the viewer's titles and messages that hold all words of the query, the best first. The words may stand
     * in any order; what is written without spaces is found by any part of it. A query without words finds nothing.
     *
     * @throws DomainError `not_found` for a conversation that is not there, `invalid_input` for a foreign cursor.
     */
    async find(viewer: Viewer, input: SearchConversationsInput): Promise<SearchPage> {
      const { conversationId, limit } = input;
      const behind = input.cursor === undefined ? undefined : readCursor(input.cursor);
      if (conversationId !== undefined) await requireOwn(viewer, conversationId);
      const filter = toFilter(input);
      const newest = behind?.newest ?? (await storage.search.findNewest());
      const found = await storage.search.list(viewer.userId, filter, { newest, behind, limit: limit + 1 });
      const page = found.slice(0, limit);
      const last = page.at(-1);
      const hasMore = found.length > limit && last !== undefined;
      return {
        hits: page.map((hit) => toView(hit, filter.terms)),
        nextCursor: hasMore ? `${newest}:${last.entryId}:${last.score}` : null,
      };
    },
  };

  async function requireOwn(viewer: Viewer, conversationId: number): Promise<void> {
    if ((await storage.conversations.find(conversationId, viewer.userId)) !== undefined) return;
    throw new DomainError("not_found", "There is no such conversation.");
  }
}

function toFilter(input: SearchConversationsInput): SearchFilter {
  const { conversationId, role, model, from, to, archived } = input;
  return {
    terms: readSearchTerms(input.query),
    conversationId,
    role,
    model,
    from: from?.getTime(),
    to: to?.getTime(),
    isArchived: archived === "all" ? undefined : archived,
  };
}

function readCursor(cursor: string): SearchPosition {
  const match = /^(\d{1,15}):(\d{1,15}):(-?\d{1,15}(?:\.\d{1,40})?(?:e-?\d{1,3})?)$/.exec(cursor);
  if (match === null) throw new DomainError("invalid_input", "cursor: is not the cursor of a page.");
  return { newest: Number(match[1]), last: Number(match[2]), score: Number(match[3]) };
}

function toView(hit: SearchHit, terms: readonly SearchTerm[]): SearchHitView {
  return {
    conversationId: hit.conversationId,
    title: hit.title,
    messageId: hit.messageId,
    role: hit.role,
    model: hit.model,
    createdAt: new Date(hit.createdAt),
    snippet: toSnippet(hit.text, terms),
  };
}
