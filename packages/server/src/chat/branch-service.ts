import {
  DomainError,
  type ConversationView,
  type ForkConversationInput,
  type SelectVersionInput,
} from "@llm-backend/contract";
import type { Repositories, Storage } from "@llm-backend/storage";
import type { Viewer } from "../auth/viewer.ts";
import type { NewId } from "../identity/new-id.ts";
import type { SealBox } from "../secrets/seal-box.ts";
import { copyBranch } from "./copy-branch.ts";
import { copyConversation } from "./copy-conversation.ts";
import { hashInput } from "./hash-input.ts";

/** What the service stands on. */
export type BranchServiceDeps = {
  readonly storage: Storage;
  readonly sealBox: SealBox;
  readonly newId: NewId;
  readonly now: () => number;
  /** Shows a conversation. */
  readonly show: (viewer: Viewer, conversationId: number) => Promise<ConversationView>;
};

/** The branches of a conversation: which one is shown, and copies of them. */
export type BranchService = ReturnType<typeof createBranchService>;

/** Creates the service. A foreign conversation and an absent one are the same: `not_found`. */
export function createBranchService(deps: BranchServiceDeps) {
  const { storage } = deps;

  async function requireMessage(
    tx: Repositories,
    viewer: Viewer,
    input: { readonly conversationId: number; readonly messageId: string },
  ) {
    const conversation = await tx.conversations.find(input.conversationId, viewer.userId);
    if (conversation === undefined) throw new DomainError("not_found", "There is no such conversation.");
    const message = await tx.messages.find(input.messageId, input.conversationId);
    if (message === undefined) throw new DomainError("not_found", "There is no such message.");
    return { conversation, message };
  }

  /** The fork that the same request made before. */
  async function findFork(tx: Repositories, viewer: Viewer, given: { requestId: string; inputHash: string }) {
    const known = await tx.branches.findFork(given.requestId, viewer.userId);
    if (known === undefined) return undefined;
    if (known.inputHash === given.inputHash) return known.conversationId;
    throw new DomainError("conflict", "This request id was already used for something else.");
  }

  return {
    /**
     * Shows another version of a message: the conversation's head moves to the leaf that was last shown below it. The
     * tree stays as it is, and so does the conversation's place in lists. An answer that is being written goes on.
     *
     * @throws DomainError `not_found`
     */
    async selectVersion(viewer: Viewer, input: SelectVersionInput): Promise<ConversationView> {
      const { conversationId, messageId } = input;
      await storage.transaction(async (tx) => {
        const { conversation, message } = await requireMessage(tx, viewer, input);
        const headMessageId = await tx.branches.findShownLeaf(conversationId, messageId);
        const { headMessageId: shown } = conversation;
        if (message.parentId !== null) await tx.branches.choosePath(conversationId, { to: messageId, shown });
        if (headMessageId === conversation.headMessageId) return;
        await tx.conversations.update(conversationId, viewer.userId, { headMessageId });
      });
      return deps.show(viewer, conversationId);
    },

    /**
     * Makes a new conversation with a copy of a branch, up to a message and with it. The copies are messages of their
     * own: no run belongs to them. With the same request id again, the fork that it made.
     *
     * @throws DomainError `not_found`; `run_in_progress` while an answer of the branch is being written; `conflict` for
     *   a request id that was used for another fork.
     */
    async fork(viewer: Viewer, input: ForkConversationInput): Promise<ConversationView> {
      const { conversationId, messageId, requestId, title } = input;
      const inputHash = hashInput("fork", [conversationId, messageId, title]);
      const forkId = await storage.transaction(async (tx) => {
        const known =
          requestId === undefined ? undefined : await findFork(tx, viewer, { requestId, inputHash });
        if (known !== undefined) return known;
        const { conversation } = await requireMessage(tx, viewer, input);
        const copy = await copyConversation(deps, tx, { conversation, title });
        const headMessageId = await copyBranch(
          tx,
          { messageId, from: conversation.id, to: copy.id },
          deps.newId,
        );
        await tx.conversations.update(copy.id, viewer.userId, { headMessageId });
        const { userId } = viewer;
        if (requestId !== undefined)
          await tx.branches.insertFork({ userId, requestId, inputHash, conversationId: copy.id });
        return copy.id;
      });
      return deps.show(viewer, forkId);
    },
  };
}
