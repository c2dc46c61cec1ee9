import { DomainError } from "@llm-backend/contract";
import type { Conversation, Repositories } from "@llm-backend/storage";
import { toKeyPlace } from "../conversation/conversation-service.ts";
import type { NewId } from "../identity/new-id.ts";
import type { SealBox } from "../secrets/seal-box.ts";

const idTriesMax = 5;

/**
 * Adds an empty conversation like another one: with its model, its system prompt and its key, which is sealed anew for
 * its new place.
 */
export async function copyConversation(
  deps: { readonly sealBox: SealBox; readonly newId: NewId; readonly now: () => number },
  tx: Repositories,
  given: { readonly conversation: Conversation; readonly title: string | undefined },
): Promise<Conversation> {
  const { conversation, title } = given;
  const { sealBox, newId } = deps;
  const at = deps.now();
  const key =
    conversation.apiKeySealed === null
      ? null
      : sealBox.open(conversation.apiKeySealed, toKeyPlace(conversation.id));
  for (let tries = 0; tries < idTriesMax; tries++) {
    const id = newId.integer();
    const copy: Conversation = {
      ...conversation,
      id,
      ...(title === undefined ? {} : { title, titleSource: "user" as const }),
      // Where it stands in lists, and where it was read from, is not what it says.
      isPinned: false,
      isArchived: false,
      importKey: null,
      apiKeySealed: key === null ? null : sealBox.seal(key, toKeyPlace(id)),
      headMessageId: null,
      createdAt: at,
      updatedAt: at,
    };
    if (await tx.conversations.insert(copy)) return copy;
  }
  throw new DomainError("internal", "No free conversation id was found.");
}
