import type {
  Citation,
  ExportedAttachment,
  ExportedConversation,
  ExportedMessage,
  ExportedToolCall,
  ToolCallView,
} from "@llm-backend/contract";
import type { Attachment, Conversation, Storage } from "@llm-backend/storage";
import { readContents } from "./file-contents.ts";
import { readWhole, type WholeMessage } from "./whole-message.ts";

type Link = { readonly id: string; readonly parentId: string | null };

const headingsMax = 20;
const headingCharsMax = 1000;
const messagesPerRead = 200;
const toMoment = (ms: number) => new Date(ms).toISOString();

/**
 * Writes a conversation with all of its branches as a document, and at its end the contents of its files.
 *
 * @param bytesMax - The contents are left out that would make it longer than this.
 */
export async function toDocument(
  storage: Storage,
  conversation: Conversation,
  bytesMax: number,
): Promise<ExportedConversation> {
  const links = orderLinks(await storage.messages.listLinks(conversation.id));
  const places = new Map(links.map(({ id }, index) => [id, `m${index + 1}`]));
  const messages: ExportedMessage[] = [];
  const files: Attachment[] = [];
  for (let index = 0; index < links.length; index += messagesPerRead) {
    const ids = links.slice(index, index + messagesPerRead).map(({ id }) => id);
    const rows = new Map((await storage.messages.listByIds(ids)).map((row) => [row.id, row]));
    const page = ids.flatMap((id) => rows.get(id) ?? []);
    for (const whole of await readWhole(storage, page)) {
      messages.push(toExported(whole, places));
      files.push(...whole.files);
    }
  }
  const document = toFrame(conversation, messages, places);
  const contents =
    files.length === 0
      ? []
      : await readContents(storage.files, files, bytesMax - Buffer.byteLength(JSON.stringify(document)));
  if (contents.length > 0) return { ...document, version: 2, files: contents };
  const needsNewer = ({ toolCalls, citations }: ExportedMessage) => (toolCalls ?? citations) !== undefined;
  return messages.some(needsNewer) ? { ...document, version: 2 } : document;
}

/** The document without the contents of files; without calls of tools and citations, servers that know of none can read it. */
function toFrame(
  conversation: Conversation,
  messages: ExportedMessage[],
  places: ReadonlyMap<string, string>,
): ExportedConversation {
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

/** What models and tools write may hold what no text of a document does. */
const toStorable = (text: string): string => text.toWellFormed().replaceAll("\0", "\ufffd");

function toExportedCall({ callId, name, arguments: input, text, ...rest }: ToolCallView): ExportedToolCall {
  const said = { arguments: toStorable(input), text: text === null ? null : toStorable(text) };
  return { ...rest, callId, name: toStorable(name), ...said };
}

/** A document may stand under headings that are longer, and deeper, than anybody reads. */
function toExportedCitation(citation: Citation): Citation {
  const headings = citation.headings.slice(0, headingsMax);
  return {
    ...citation,
    documentName: toStorable(citation.documentName),
    headings: headings.map((heading) => toStorable(heading.slice(0, headingCharsMax))),
  };
}

function toExported(whole: WholeMessage, places: ReadonlyMap<string, string>): ExportedMessage {
  const { message, files, calls } = whole;
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
    ...(files.length > 0 && { attachments: files.map(toExportedFile) }),
    ...(message.citations !== undefined && { citations: message.citations.map(toExportedCitation) }),
    ...(calls.length > 0 && { toolCalls: calls.map(toExportedCall) }),
  };
}
