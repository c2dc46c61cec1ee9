import { DomainError } from "@llm-backend/contract";
import type { Attachment, Message, Repositories } from "@llm-backend/storage";
import type { AttachmentLimits } from "./attachment-limits.ts";

/** What one message may have. */
export type MessageFileLimits = Pick<AttachmentLimits, "filesPerMessage" | "bytesPerMessage">;

/**
 * Makes sure that a message can have these files, and gives them in the same order.
 *
 * @throws DomainError `not_found` for a file that is not the user's, `input_too_large` for too many of them.
 */
export async function requireFiles(
  tx: Pick<Repositories, "attachments">,
  given: { readonly userId: number; readonly attachmentIds: readonly string[] },
  limits: MessageFileLimits,
): Promise<Attachment[]> {
  const { userId, attachmentIds } = given;
  if (attachmentIds.length > limits.filesPerMessage) {
    throw new DomainError(
      "input_too_large",
      `A message can have no more than ${limits.filesPerMessage} files.`,
    );
  }
  const files = await tx.attachments.listOwn(userId, attachmentIds);
  if (files.length < attachmentIds.length) throw new DomainError("not_found", "There is no such file.");
  if (files.reduce((sum, { bytes }) => sum + bytes, 0) > limits.bytesPerMessage) {
    throw new DomainError(
      "input_too_large",
      `The files of a message can have no more than ${limits.bytesPerMessage} bytes together.`,
    );
  }
  return files.toSorted((one, other) => attachmentIds.indexOf(one.id) - attachmentIds.indexOf(other.id));
}

/** The files of some messages of one conversation, by message. */
export async function readFiles(
  from: Pick<Repositories, "attachments">,
  messages: readonly Pick<Message, "id" | "conversationId">[],
): Promise<Map<string, Attachment[]>> {
  const files = new Map<string, Attachment[]>();
  const ids = messages.map(({ id }) => id).toSorted();
  const [first] = ids;
  const last = ids.at(-1);
  const conversationId = messages[0]?.conversationId;
  if (first === undefined || last === undefined || conversationId === undefined) return files;
  const range = { conversationId, first, last };
  for (const { messageId, attachment } of await from.attachments.listOfMessages(range)) {
    const known = files.get(messageId);
    if (known === undefined) files.set(messageId, [attachment]);
    else known.push(attachment);
  }
  return files;
}
