import type { Attachment, Conversation, ConversationChange, Message } from "@llm-backend/storage";
import { toWordsTitle } from "./words-title.ts";

/**
 * What a conversation without a title is called from its first message on: by its words, or by its first file where it
 * has none. Undefined where nothing changes.
 */
export function toFirstTitle(
  conversation: Conversation,
  messages: readonly Message[],
  files: readonly Pick<Attachment, "name">[],
): Pick<ConversationChange, "title"> | undefined {
  if (conversation.titleSource !== "words" || conversation.title !== "") return undefined;
  const first = messages.find((message) => message.role === "user");
  const said = first?.content === "" ? (files[0]?.name ?? "") : (first?.content ?? "");
  const title = toWordsTitle(said);
  return title === "" ? undefined : { title };
}
