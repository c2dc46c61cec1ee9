import {
  DomainError,
  type ExportConversationInput,
  type ExportedAttachment,
  type ExportedConversation,
  type ExportResult,
  type ImportConversationInput,
  type ImportResult,
} from "@llm-backend/contract";
import type { Conversation, Repositories, Storage } from "@llm-backend/storage";
import type { AttachmentService } from "../attachment/attachment-service.ts";
import type { Viewer } from "../auth/viewer.ts";
import { toConversationView } from "../conversation/conversation-service.ts";
import type { NewId } from "../identity/new-id.ts";
import { readBrought } from "./file-contents.ts";
import { fromDocument, toImportKey } from "./from-document.ts";
import { toDocument } from "./to-document.ts";
import { toMarkdown } from "./to-markdown.ts";
import { readWhole, type WholeMessage } from "./whole-message.ts";

/** What the service stands on. */
export type TransferServiceDeps = {
  readonly storage: Storage;
  readonly newId: NewId;
  readonly attachments: Pick<AttachmentService, "upload">;
  /** No contents of files are put into a document that would become longer. */
  readonly documentBytesMax: number;
};

/** Taking conversations out, and bringing them in. */
export type TransferService = ReturnType<typeof createTransferService>;

const idTriesMax = 5;
const messagesPerRead = 200;
/** A statement takes a bounded number of parameters. */
const messagesPerWrite = 500;

/** Creates the service. */
export function createTransferService(deps: TransferServiceDeps) {
  const { storage, newId, documentBytesMax } = deps;

  async function readBranch(conversation: Conversation): Promise<WholeMessage[]> {
    const pages: WholeMessage[][] = [];
    let messageId = conversation.headMessageId;
    while (messageId !== null) {
      const from = { messageId, limit: messagesPerRead };
      const page = await storage.messages.listBranch(conversation.id, from);
      pages.unshift(await readWhole(storage, page.toReversed()));
      messageId = page.at(-1)?.parentId ?? null;
    }
    return pages.flat();
  }

  async function insert(
    tx: Repositories,
    given: { document: ExportedConversation; userId: number; importKey: string },
  ): Promise<Conversation> {
    for (let tries = 0; tries < idTriesMax; tries++) {
      const { document, ...owned } = given;
      const { conversation, messages } = fromDocument(document, { ...owned, id: newId.integer() }, newId);
      if (!(await tx.conversations.insert(conversation))) continue;
      for (let index = 0; index < messages.length; index += messagesPerWrite) {
        await tx.messages.insert(messages.slice(index, index + messagesPerWrite));
      }
      const { headMessageId: to } = conversation;
      if (to !== null) await tx.branches.choosePath(conversation.id, { to, shown: null });
      for (const [index, { attachments }] of document.messages.entries()) {
        const message = messages[index];
        if (attachments !== undefined && message !== undefined) {
          await tx.attachments.link(message, await findFiles(tx, owned.userId, attachments));
        }
      }
      return conversation;
    }
    throw new DomainError("internal", "No free conversation id was found.");
  }

  /** Brings the files of a document as its user does: their contents are checked, and counted. */
  async function bringFiles(viewer: Viewer, document: ExportedConversation): Promise<void> {
    for (const { name, bytes } of readBrought(document)) {
      const body = (async function* () {
        yield bytes;
      })();
      await deps.attachments.upload(viewer, { name, body, bytes: bytes.length });
    }
  }

  /** The files of the user with these contents: what they have not, and what others have, is left out. */
  async function findFiles(
    tx: Repositories,
    userId: number,
    wanted: readonly ExportedAttachment[],
  ): Promise<string[]> {
    const ids = new Set<string>();
    for (const { sha256: hash, name } of wanted) {
      const file =
        (await tx.attachments.findByContent(userId, { hash, name })) ??
        (await tx.attachments.findByContent(userId, { hash }));
      if (file !== undefined) ids.add(file.id);
    }
    return [...ids];
  }

  return {
    /**
     * Writes a conversation as a document.
     *
     * @throws DomainError `not_found`
     */
    async export(viewer: Viewer, input: ExportConversationInput): Promise<ExportResult> {
      const conversation = await storage.conversations.find(input.conversationId, viewer.userId);
      if (conversation === undefined) throw new DomainError("not_found", "There is no such conversation.");
      return input.format === "json"
        ? { format: "json", document: await toDocument(storage, conversation, documentBytesMax) }
        : { format: "markdown", text: toMarkdown(conversation, await readBranch(conversation)) };
    },

    /** Writes all conversations of the viewer, oldest first, one at a time: no two are in memory. */
    async *exportAll(
      viewer: Viewer,
      from: { after: number },
    ): AsyncGenerator<{ id: number; document: ExportedConversation }, void> {
      for (let { after } = from; ;) {
        const [conversation] = await storage.conversations.listOldest(viewer.userId, { after, limit: 1 });
        if (conversation === undefined) return;
        after = conversation.id;
        yield { id: after, document: await toDocument(storage, conversation, documentBytesMax) };
      }
    },

    /**
     * Makes a conversation out of a document, with all of its branches. The same document again changes nothing, and
     * gives what it became. The files that it brings become files of the user's, before anything else is stored: those
     * of an import that fails are removed after a day, like all that belong to no message.
     *
     * @throws DomainError `invalid_input` for messages that make no tree, and for contents that are not what they are
     *   called; `unsupported_media_type`, `input_too_large`, `quota_exceeded`, `rate_limited` as for files that a user
     *   brings.
     */
    async import(viewer: Viewer, { document }: ImportConversationInput): Promise<ImportResult> {
      const { userId } = viewer;
      const importKey = toImportKey(document);
      const earlier = await storage.conversations.findByImportKey(importKey, userId);
      if (earlier !== undefined) return { conversation: toConversationView(earlier), isNew: false };
      // Once in vain, so that no files are stored for a document that is none.
      fromDocument(document, { id: 0, userId, importKey }, newId);
      await bringFiles(viewer, document);
      return storage.transaction(async (tx) => {
        const known = await tx.conversations.findByImportKey(importKey, userId);
        if (known !== undefined) return { conversation: toConversationView(known), isNew: false };
        const conversation = await insert(tx, { document, userId, importKey });
        return { conversation: toConversationView(conversation), isNew: true };
      });
    },
  };
}
