import type { Selectable } from "kysely";
import type { ConversationTable } from "./conversation-table.ts";

/** A conversation, with the sealed key: never to be shown. */
export type Conversation = {
  readonly id: number;
  readonly userId: number;
  readonly title: string;
  readonly model: string;
  readonly apiKeySealed: string | null;
  readonly systemPrompt: string | null;
  readonly headMessageId: string | null;
  readonly createdAt: number;
  readonly updatedAt: number;
};

/** Reads a row of `conversations`. */
export function toConversation(row: Selectable<ConversationTable>): Conversation {
  return {
    id: row.id,
    userId: row.user_id,
    title: row.title,
    model: row.model,
    apiKeySealed: row.api_key_sealed,
    systemPrompt: row.system_prompt,
    headMessageId: row.head_message_id,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
