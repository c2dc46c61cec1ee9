import { createHash } from "node:crypto";
import { DomainError, type ExportedConversation } from "@llm-backend/contract";
import type { Conversation, Message } from "@llm-backend/storage";
import type { NewId } from "../identity/new-id.ts";

/** Whose the conversation becomes, and under which id. */
export type ImportGiven = { readonly id: number; readonly userId: number; readonly importKey: string };

/** The rows that a document becomes. */
export type ImportedRows = { readonly conversation: Conversation; readonly messages: readonly Message[] };

/** Names a document by what it says: the same one again is the same conversation. */
export function toImportKey(document: ExportedConversation): string {
  // Contents are named by their hashes, which is as good, and much shorter.
  const named = { ...document, ...(document.files && { files: document.files.map(({ sha256 }) => sha256) }) };
  return createHash("sha256").update(JSON.stringify(named)).digest("base64url");
}

/**
 * Makes the rows of a document, with ids of their own.
 *
 * @throws DomainError `invalid_input` for messages that make no tree.
 */
export function fromDocument(document: ExportedConversation, given: ImportGiven, newId: NewId): ImportedRows {
  const ids = new Map<string, string>();
  const messages = document.messages.map((message): Message => {
    if (ids.has(message.id)) refuse(`two messages are called ${message.id}`);
    const parentId = message.parentId === null ? null : ids.get(message.parentId);
    if (parentId === undefined) {
      refuse(`the message ${message.id} does not stand behind the one that it follows`);
    }
    const id = newId.text("msg");
    ids.set(message.id, id);
    const { role, content, reasoning, model, finishReason, usage, toolCalls = [] } = message;
    const createdAt = Date.parse(message.createdAt);
    return {
      id,
      conversationId: given.id,
      parentId,
      role,
      content,
      reasoning,
      model,
      finishReason,
      usage,
      runId: null,
      createdAt,
      ...(role === "assistant" && toolCalls.length > 0 && { toolCalls }),
      ...(message.citations !== undefined && { citations: message.citations }),
    };
  });
  const headMessageId = document.headMessageId === null ? null : ids.get(document.headMessageId);
  if (headMessageId === undefined) refuse("headMessageId names no message");
  const { title, titleSource, model, systemPrompt } = document;
  const conversation: Conversation = {
    ...given,
    title,
    titleSource,
    model,
    apiKeySealed: null,
    systemPrompt,
    headMessageId,
    isPinned: document.pinned,
    isArchived: document.archived,
    // What the document's server had is not here.
    tools: null,
    knowledgeBaseIds: [],
    topK: null,
    createdAt: Date.parse(document.createdAt),
    updatedAt: Date.parse(document.updatedAt),
  };
  return { conversation, messages };
}

function refuse(reason: string): never {
  throw new DomainError("invalid_input", `document: ${reason}.`);
}
