import { DomainError } from "@llm-backend/contract";
import type { Message, Repositories } from "@llm-backend/storage";
import type { NewId } from "../identity/new-id.ts";
import { readWhole } from "../transfer/whole-message.ts";

/** Which branch is copied, and where to. */
export type BranchCopy = {
  /** The last message of the branch. */
  readonly messageId: string;
  /** The conversation that it belongs to. */
  readonly from: number;
  /** The conversation that gets the copies. */
  readonly to: number;
};

// Of a long branch only the ids are held in memory, never its texts.
const idsPerPage = 1000;
const messagesPerPage = 100;

/**
 * Copies a branch from its first message on. The copies have new ids and belong to no run; what they say, and what is
 * known of how it was said, stays: files, and calls of tools.
 *
 * @returns The id of the last copy.
 * @throws DomainError `run_in_progress` while an answer of the branch is being written.
 */
export async function copyBranch(tx: Repositories, copy: BranchCopy, newId: NewId): Promise<string> {
  const ids = await readIds(tx, copy);
  const streaming = new Set(await tx.runs.listStreamingAnswerIds(copy.from));
  if (ids.some((id) => streaming.has(id))) {
    throw new DomainError("run_in_progress", "An answer of this branch is still being written.");
  }
  let parentId: string | null = null;
  for (let at = 0; at < ids.length; at += messagesPerPage) {
    const page = await tx.branches.listMessages(ids.slice(at, at + messagesPerPage));
    const copies: Message[] = [];
    const links: { copy: Message; attachmentIds: string[] }[] = [];
    for (const { message, files, calls } of await readWhole(tx, page)) {
      const id = newId.text("msg");
      const given = { id, parentId, conversationId: copy.to, runId: null };
      const copied: Message = { ...message, ...given, ...(calls.length > 0 && { toolCalls: calls }) };
      copies.push(copied);
      if (files.length > 0) links.push({ copy: copied, attachmentIds: files.map((file) => file.id) });
      parentId = id;
    }
    await tx.messages.insert(copies);
    for (const link of links) await tx.attachments.link(link.copy, link.attachmentIds);
  }
  if (parentId === null) throw new DomainError("not_found", "There is no such message.");
  return parentId;
}

/** The ids of a branch, oldest first. */
async function readIds(tx: Repositories, { from, messageId }: BranchCopy): Promise<string[]> {
  const ids: string[] = [];
  for (let next: string | null = messageId; next !== null;) {
    const page: { id: string; parentId: string | null }[] = await tx.branches.listIds(from, {
      messageId: next,
      limit: idsPerPage,
    });
    for (const { id } of page) ids.push(id);
    next = page.at(-1)?.parentId ?? null;
  }
  return ids.toReversed();
}
