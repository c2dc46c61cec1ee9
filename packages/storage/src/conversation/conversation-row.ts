import type { ToolsSetting } from "@llm-backend/contract";
import type { Selectable } from "kysely";
import type { ConversationTable } from "./conversation-table.ts";

/** Who made a title: the user, a model, or nobody: then it is how the first message begins. */
export type TitleSource = "user" | "model" | "words";

/** A conversation, with the sealed key: never to be shown. */
export type Conversation = {
  readonly id: number;
  readonly userId: number;
  /** Empty where nobody has given one, and nothing was said yet. */
  readonly title: string;
  readonly titleSource: TitleSource;
  readonly model: string;
  readonly apiKeySealed: string | null;
  readonly systemPrompt: string | null;
  readonly headMessageId: string | null;
  readonly isPinned: boolean;
  readonly isArchived: boolean;
  /** The tools that its model may call; null: none. */
  readonly tools: ToolsSetting;
  /** The knowledge bases that its questions are looked up in. */
  readonly knowledgeBaseIds: readonly string[];
  /** How many passages an answer is given; null: as many as the configuration says. */
  readonly topK: number | null;
  /** Names the document that it was read from; null for one that was not. */
  readonly importKey: string | null;
  readonly createdAt: number;
  readonly updatedAt: number;
};

/** Reads a row of `conversations`. */
export function toConversation(row: Selectable<ConversationTable>): Conversation {
  return {
    id: row.id,
    userId: row.user_id,
    title: row.title,
    titleSource: row.title_source as TitleSource,
    model: row.model,
    apiKeySealed: row.api_key_sealed,
    systemPrompt: row.system_prompt,
    headMessageId: row.head_message_id,
    isPinned: row.pinned === 1,
    isArchived: row.archived === 1,
    tools: row.tools === null ? null : (JSON.parse(row.tools) as ToolsSetting),
    knowledgeBaseIds: row.knowledge_base_ids === null ? [] : (JSON.parse(row.knowledge_base_ids) as string[]),
    topK: row.top_k,
    importKey: row.import_key,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
