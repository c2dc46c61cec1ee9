import type { ExportedAttachment, ExportedConversation, ExportedMessage } from "@llm-backend/contract";
import type { Attachment, Conversation, Message, Storage } from "@llm-backend/storage";
import { readFiles } from "../attachment/message-files.ts";

type Link = { readonly id: string; readonly parentId: string | null };

const messagesPerRead = 200;
const toMoment = (ms: number) => new Date(ms).toISOString();

/** Writes a conversation with all of its branches as a document. */
export async function toDocument(
  storage: Storage,
  conversation: Conversation,
): Promise<ExportedConversation> {
  const links = orderLinks(await storage.messages.listLinks(conversation.id));
  const places = new Map(links.map(({ id }, index) => [id, `m${index + 1}`]));
  const messages: ExportedMessage[] = [];
  for (let index = 0; index < links.length; index += messagesPerRead) {
    const ids = links.slice(index, index + messagesPerRead).map(({ id }) => id);
    const rows = new Map((await storage.messages.listByIds(ids)).map((row) => [row.id, row]));
    const files = await readFiles(storage, [...rows.values()]);
    for (const id of ids) {
      const row = rows.get(id);
      const own = files.get(id)?.map(toExportedFile);
      if (row !== undefined) messages.push({ ...toExported(row, places), ...(own && { attachments: own }) });
    }
  }
  return {
    format: "llm-backend-conversation",
    version: 1,
    title: conversation.title,
    titleSource: conversation.titleSource,
    model: conversation.model,
    systemPrompt: conversation.systemPrompt,
    pinned: conversation.isPinned,
    archived: conversation.isArchived,
    headMessageId: toPlace(conversation.headMessageId, places),
    createdAt: toMoment(conversation.createdAt),
    updatedAt: toMoment(conversation.updatedAt),
    messages,
  };
}

/** Puts every message behind the one that it follows, and changes the order no further. */
function orderLinks(links: readonly Link[]): Link[] {
  const known = new Set(links.map(({ id }) => id));
  const waiting = new Map<string, Link[]>();
  const placed = new Set<string>();
  const ordered: Link[] = [];
  const place = (first: Link) => {
    const next = [first];
    for (let link = next.shift(); link !== undefined; link = next.shift()) {
      ordered.push(link);
      placed.add(link.id);
      next.push(...(waiting.get(link.id) ?? []));
      waiting.delete(link.id);
    }
  };
  for (const link of links) {
    const { parentId } = link;
    if (parentId === null || placed.has(parentId) || !known.has(parentId)) place(link);
    else waiting.set(parentId, [...(waiting.get(parentId) ?? []), link]);
  }
  return ordered;
}

function toPlace(id: string | null, places: ReadonlyMap<string, string>): string | null {
  return id === null ? null : (places.get(id) ?? null);
}

function toExportedFile({ name, mediaType, bytes, hash: sha256 }: Attachment): ExportedAttachment {
  return { name, mediaType, bytes, sha256 };
}

function toExported(message: Message, places: ReadonlyMap<string, string>): ExportedMessage {
  return {
    id: places.get(message.id) as string,
    parentId: toPlace(message.parentId, places),
    role: message.role,
    content: message.content,
    reasoning: message.reasoning,
    model: message.model,
    finishReason: message.finishReason,
    usage: message.usage,
    createdAt: toMoment(message.createdAt),
  };
}
