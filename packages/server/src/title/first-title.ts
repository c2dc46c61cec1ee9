import type { Conversation, ConversationChange, Message } from "@llm-backend/storage";
import { toWordsTitle } from "./words-title.ts";

/** What a conversation without a title is called from its first message on; undefined where nothing changes. */
export function toFirstTitle(
  conversation: Conversation,
  messages: readonly Message[],
): Pick<ConversationChange, "title"> | undefined {
  if (conversation.titleSource !== "words" || conversation.title !== "") return undefined;
  const first = messages.find((message) => message.role === "user");
  const title = first === undefined ? "" : toWordsTitle(first.content);
  return title === "" ? undefined : { title };
}
