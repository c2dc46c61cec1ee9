import { DomainError, type OnDisconnect } from "@llm-backend/contract";
import type { Attachment, Conversation, Message, Repositories, Run } from "@llm-backend/storage";
import type { NewId } from "../identity/new-id.ts";
import { toFirstTitle } from "../title/first-title.ts";

/** What a start adds to the tree of a conversation. */
export type Growth = {
  /** The message of the user's that is new; undefined where an answer is made again. */
  readonly message:
    | {
        /** Empty where the files say it all. */
        readonly text: string;
        readonly parentId: string | null;
        readonly files: readonly Pick<Attachment, "id" | "name">[];
      }
    | undefined;
  /** The message that is answered; undefined: the new one. */
  readonly answerTo: string | null | undefined;
  readonly model: string;
  /** The answer whose text is the beginning of the new one. */
  readonly continuedMessageId?: string;
};

/** The rows of a start. */
export type StartRows = {
  readonly run: Run;
  readonly messages: readonly Message[];
  /** The files of the first message. */
  readonly files: readonly Pick<Attachment, "id" | "name">[];
};

/** Whose start it is, and what it was asked with. */
export type StartGiven = Pick<Run, "userId" | "conversationId" | "requestId" | "inputHash" | "owner"> & {
  readonly onDisconnect: OnDisconnect;
  readonly createdAt: number;
};

/** Makes the rows that a start adds: the user's message where there is one, an empty answer, and its run. */
export function toStartRows(given: StartGiven, growth: Growth, newId: NewId): StartRows {
  const { conversationId, createdAt } = given;
  const runId = newId.text("run");
  const blank = {
    conversationId,
    reasoning: null,
    model: null,
    finishReason: null,
    usage: null,
    createdAt,
  };
  const messages: Message[] = [];
  if (growth.message !== undefined) {
    const { text: content, parentId } = growth.message;
    messages.push({ ...blank, id: newId.text("msg"), parentId, role: "user", content, runId: null });
  }
  const userMessageId = messages[0]?.id ?? null;
  const answer: Message = {
    ...blank,
    id: newId.text("msg"),
    parentId: growth.answerTo === undefined ? userMessageId : growth.answerTo,
    role: "assistant",
    content: "",
    model: growth.model,
    runId,
  };
  messages.push(answer);
  const run: Run = {
    ...given,
    id: runId,
    userMessageId,
    assistantMessageId: answer.id,
    continuedMessageId: growth.continuedMessageId ?? null,
    model: growth.model,
    state: "streaming",
    errorCode: null,
    errorMessage: null,
    log: null,
    endedAt: null,
  };
  return { run, messages, files: growth.message?.files ?? [] };
}

/** Inserts the rows of a start, and moves the conversation's head to the new answer. */
export async function insertStart(
  tx: Repositories,
  conversation: Conversation,
  { run, messages, files }: StartRows,
): Promise<void> {
  // The same request id in another process at the same moment: the rows of one of the two are taken back, and whoever
  // sent them finds the other's by asking again.
  if (!(await tx.runs.insert(run)))
    throw new DomainError("run_in_progress", "This request is being started elsewhere.");
  await tx.messages.insert(messages);
  const attachmentIds = files.map(({ id }) => id);
  if (messages[0] !== undefined) await tx.attachments.link(messages[0], attachmentIds);
  const parentId = messages[0]?.parentId ?? null;
  // A new version is the one that is shown, whichever was chosen before. Below the head there are no versions.
  if (parentId !== null && parentId !== conversation.headMessageId) {
    await tx.branches.forgetChoice(parentId);
    await tx.branches.choosePath(run.conversationId, { to: parentId, shown: conversation.headMessageId });
  }
  await tx.conversations.update(run.conversationId, run.userId, {
    headMessageId: run.assistantMessageId,
    updatedAt: run.createdAt,
    ...toFirstTitle(conversation, messages, files),
  });
}
