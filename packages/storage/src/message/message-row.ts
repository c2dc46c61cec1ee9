import type { Citation, ToolCallView, Usage } from "@llm-backend/contract";
import type { Selectable } from "kysely";
import type { MessageTable } from "./message-table.ts";

/** One message of the tree of a conversation. */
export type Message = {
  readonly id: string;
  readonly conversationId: number;
  readonly parentId: string | null;
  readonly role: "user" | "assistant";
  readonly content: string;
  readonly reasoning: string | null;
  readonly model: string | null;
  readonly finishReason: string | null;
  readonly usage: Usage | null;
  readonly runId: string | null;
  readonly createdAt: number;
  /** The tools that were called for an answer of which no run tells; absent where there are none. */
  readonly toolCalls?: readonly ToolCallView[];
  /** The passages that an answer was given to read; absent where there are none. */
  readonly citations?: readonly Citation[];
};

/** Reads a row of `messages`. */
export function toMessage(row: Selectable<MessageTable>): Message {
  return {
    id: row.id,
    conversationId: row.conversation_id,
    parentId: row.parent_id,
    role: row.role as Message["role"],
    content: row.content,
    reasoning: row.reasoning,
    model: row.model,
    finishReason: row.finish_reason,
    usage: row.usage === null ? null : (JSON.parse(row.usage) as Usage),
    runId: row.run_id,
    createdAt: row.created_at,
    ...(row.citations !== null && { citations: JSON.parse(row.citations) as Citation[] }),
    ...(row.tool_calls !== null && { toolCalls: JSON.parse(row.tool_calls) as ToolCallView[] }),
  };
}
