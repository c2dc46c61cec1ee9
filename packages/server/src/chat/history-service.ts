import {
  DomainError,
  toEventId,
  type HistoryInput,
  type HistoryPage,
  type MessageView,
} from "@llm-backend/contract";
import type { Message, Run, Storage } from "@llm-backend/storage";
import type { Viewer } from "../auth/viewer.ts";
import { readEvents, toAnswerText } from "./run-log.ts";
import type { RunRegistry } from "./run-registry.ts";

/** Reading the messages of a conversation. */
export type HistoryService = ReturnType<typeof createHistoryService>;

/** Creates the service. */
export function createHistoryService(deps: { storage: Storage; registry: RunRegistry }) {
  const { storage, registry } = deps;

  /** A message with its run; an answer that is being written shows what it has said so far. */
  function toView(message: Message, context: { run: Run | undefined; siblingIds: string[] }): MessageView {
    const { run } = context;
    const live = run === undefined ? undefined : registry.find(run.id);
    const answer = live === undefined ? undefined : toAnswerText(readEvents(live.log));
    const reasoning = answer?.reasoning ?? message.reasoning ?? "";
    return {
      messageId: message.id,
      parentId: message.parentId,
      role: message.role,
      content: answer?.content ?? message.content,
      reasoning: reasoning === "" ? null : reasoning,
      model: message.model,
      finishReason: message.finishReason,
      usage: message.usage,
      createdAt: new Date(message.createdAt),
      run:
        run === undefined
          ? null
          : {
              runId: run.id,
              requestId: run.requestId,
              state: run.state,
              lastEventId: live === undefined ? null : toEventId(run.id, live.log.end),
            },
      siblingIds: context.siblingIds,
    };
  }

  return {
    /**
     * One page of a branch, oldest first: from the head of the conversation upwards, or from the cursor.
     *
     * @throws DomainError `not_found`
     */
    async read(viewer: Viewer, input: HistoryInput): Promise<HistoryPage> {
      const { conversationId, limit } = input;
      const conversation = await storage.conversations.find(conversationId, viewer.userId);
      if (conversation === undefined) throw new DomainError("not_found", "There is no such conversation.");
      const messageId = input.cursor ?? conversation.headMessageId;
      if (messageId === null) return { messages: [], nextCursor: null };
      const branch = await storage.messages.listBranch(conversationId, { messageId, limit });
      if (branch.length === 0) throw new DomainError("not_found", "There is no such message.");
      const page = branch.toReversed();
      const siblings = await storage.messages.listChildIds(conversationId, [
        ...new Set(page.map((message) => message.parentId)),
      ]);
      const runIds = page.map((message) => message.runId).filter((id) => id !== null);
      const runs = new Map((await storage.runs.listByIds(runIds)).map((run) => [run.id, run]));
      return {
        messages: page.map((message) =>
          toView(message, {
            run: message.runId === null ? undefined : runs.get(message.runId),
            siblingIds: siblings.get(message.parentId) ?? [message.id],
          }),
        ),
        nextCursor: page[0]?.parentId ?? null,
      };
    },
  };
}
