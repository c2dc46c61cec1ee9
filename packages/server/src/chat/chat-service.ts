import {
  DomainError,
  type ContinueInput,
  type EditInput,
  type OnDisconnect,
  type RegenerateInput,
  type SendInput,
  type StartedRun,
} from "@llm-backend/contract";
import type { Conversation, Message, Repositories, Run, Storage } from "@llm-backend/storage";
import { readFiles, requireFiles, type MessageFileLimits } from "../attachment/message-files.ts";
import type { Viewer } from "../auth/viewer.ts";
import type { NewId } from "../identity/new-id.ts";
import { requireReadable } from "../knowledge/base-access.ts";
import type { RunPlaces } from "../limit/run-places.ts";
import type { Place } from "../limit/shared-limits.ts";
import { requireContinuable } from "./continuable-answer.ts";
import { requireNobodyElse } from "./hand-over.ts";
import { toHashedFiles, toHashedLookUp } from "./hash-fields.ts";
import { hashInput } from "./hash-input.ts";
import type { LiveRun, RunLookUp } from "./live-run.ts";
import { toRunStart } from "./run-log.ts";
import type { RunRegistry } from "./run-registry.ts";
import { insertStart, toStartRows, type Growth } from "./start-rows.ts";
import { toStartedRun } from "./started-run.ts";

/** What the service stands on. */
export type ChatServiceDeps = {
  readonly storage: Storage;
  readonly registry: RunRegistry;
  readonly newId: NewId;
  readonly now: () => number;
  /** Names this process as the owner of the runs that it starts. */
  readonly owner: string;
  /** Whether no other process answers; else a start may end in `AnsweredElsewhere`. */
  readonly isAlone: boolean;
  readonly fileLimits: MessageFileLimits;
  /** Counts answers over all processes; without it the registry's own count is all there is. */
  readonly runPlaces?: RunPlaces | undefined;
};

/** Starting answers. */
export type ChatService = ReturnType<typeof createChatService>;

/** One request to start an answer. */
type Start = RunLookUp & {
  readonly conversationId: number;
  readonly requestId: string;
  readonly inputHash: string;
  readonly onDisconnect?: OnDisconnect | undefined;
  /** Decides what is added, inside the transaction that adds it. */
  readonly plan: (tx: Repositories, conversation: Conversation) => Promise<Growth>;
};

/**
 * Creates the service. Every start is start-or-join: the same request id of the same user again finds the run that it
 * started, however often and however much at once it is sent.
 */
export function createChatService(deps: ChatServiceDeps) {
  const { storage, registry } = deps;

  /** Saves message, answer and run in one transaction, before anything is sent to an upstream. */
  async function startOrJoin(viewer: Viewer, start: Start): Promise<StartedRun> {
    // Asked before the transaction, which nothing may hold up.
    const place = await deps.runPlaces?.take(
      viewer.userId,
      async () => (await storage.runs.findByRequestId(start.requestId, viewer.userId)) !== undefined,
    );
    let admitted: LiveRun | undefined;
    try {
      const run = await storage.transaction(async (tx) => {
        const conversation = await tx.conversations.find(start.conversationId, viewer.userId);
        if (conversation === undefined) {
          throw new DomainError("not_found", "There is no such conversation.");
        }
        const known = await tx.runs.findByRequestId(start.requestId, viewer.userId);
        if (known !== undefined) return requireSameInput(known, start);
        if (!deps.isAlone) await requireNobodyElse(tx, { ...start, owner: deps.owner });
        await requireReadable(tx, viewer.userId, start.knowledgeBaseIds ?? []);
        const growth = await start.plan(tx, conversation);
        const rows = toStartRows(toGiven(viewer, start), growth, deps.newId);
        // Admitted before the rows can be seen: whoever finds them finds the run as well.
        admitted = registry.admit(rows.run, { knowledgeBaseIds: start.knowledgeBaseIds, topK: start.topK });
        await insertStart(tx, conversation, rows);
        return rows.run;
      });
      if (admitted === undefined) place?.release();
      else begin(admitted, place);
      return toStartedRun(run);
    } catch (error) {
      place?.release();
      if (admitted !== undefined) registry.withdraw(admitted);
      throw error;
    }
  }

  function toGiven(viewer: Viewer, start: Start) {
    const { conversationId, requestId, inputHash, onDisconnect = "continue" } = start;
    const { userId } = viewer;
    const { owner } = deps;
    return { userId, conversationId, requestId, inputHash, onDisconnect, owner, createdAt: deps.now() };
  }

  function begin(live: LiveRun, place: Place | undefined): void {
    if (place !== undefined) void live.ended.then(() => place.release());
    live.append(toRunStart(live.run));
    registry.start(live);
  }

  return {
    /**
     * Saves a message and starts its answer.
     *
     * @throws DomainError `not_found`; `conflict` for a request id that was used for something else;
     *   `run_in_progress`, `rate_limited`, `shutting_down` when no answer can be started now.
     */
    send: (viewer: Viewer, input: SendInput): Promise<StartedRun> =>
      startOrJoin(viewer, {
        ...input,
        inputHash: hashInput("send", [
          input.conversationId,
          input.message,
          input.parentId,
          ...toHashedFiles(input.attachmentIds),
          ...toHashedLookUp(input),
        ]),
        async plan(tx, conversation) {
          const parentId = input.parentId === undefined ? conversation.headMessageId : input.parentId;
          if (typeof input.parentId === "string") await getMessage(tx, conversation, input.parentId);
          const { userId } = viewer;
          const { attachmentIds = [] } = input;
          const files = await requireFiles(tx, { userId, attachmentIds }, deps.fileLimits);
          return {
            message: { text: input.message, parentId, files },
            answerTo: undefined,
            model: conversation.model,
          };
        },
      }),

    /**
     * Makes another answer beside one that is there.
     *
     * @throws DomainError as `send`, and `invalid_input` for a message that is no answer.
     */
    regenerate: (viewer: Viewer, input: RegenerateInput): Promise<StartedRun> =>
      startOrJoin(viewer, {
        ...input,
        inputHash: hashInput("regenerate", [
          input.conversationId,
          input.messageId,
          input.model,
          ...toHashedLookUp(input),
        ]),
        async plan(tx, conversation) {
          const answer = await getMessage(tx, conversation, input.messageId);
          if (answer.role !== "assistant") {
            throw new DomainError(
              "invalid_input",
              "Only an answer can be regenerated; edit a message of yours.",
            );
          }
          return {
            message: undefined,
            answerTo: answer.parentId,
            model: input.model ?? conversation.model,
          };
        },
      }),

    /**
     * Goes on with an answer that broke off: makes a sibling that begins with its text.
     *
     * @throws DomainError as `send`, and `invalid_input` for a message that is no answer, or has an end of its own.
     */
    continue: (viewer: Viewer, input: ContinueInput): Promise<StartedRun> =>
      startOrJoin(viewer, {
        ...input,
        inputHash: hashInput("continue", [
          input.conversationId,
          input.messageId,
          input.model,
          ...toHashedLookUp(input),
        ]),
        async plan(tx, conversation) {
          const answer = await getMessage(tx, conversation, input.messageId);
          const runs = answer.runId === null ? [] : await tx.runs.listByIds([answer.runId]);
          requireContinuable(answer, runs[0]);
          return {
            message: undefined,
            answerTo: answer.parentId,
            model: input.model ?? conversation.model,
            continuedMessageId: answer.id,
          };
        },
      }),

    /**
     * Puts another version beside a message of the user's, and answers it.
     *
     * @throws DomainError as `send`, and `invalid_input` for a message that is not the user's.
     */
    edit: (viewer: Viewer, input: EditInput): Promise<StartedRun> =>
      startOrJoin(viewer, {
        ...input,
        inputHash: hashInput("edit", [
          input.conversationId,
          input.messageId,
          input.message,
          ...toHashedFiles(input.attachmentIds, true),
          ...toHashedLookUp(input),
        ]),
        async plan(tx, conversation) {
          const edited = await getMessage(tx, conversation, input.messageId);
          if (edited.role !== "user") {
            throw new DomainError(
              "invalid_input",
              "Only a message of yours can be edited; regenerate an answer.",
            );
          }
          const { userId } = viewer;
          const attachmentIds = input.attachmentIds ?? (await readFileIds(tx, edited));
          const files = await requireFiles(tx, { userId, attachmentIds }, deps.fileLimits);
          if (input.message === "" && files.length === 0)
            throw new DomainError("invalid_input", "message: is empty, and there are no files.");
          return {
            message: { text: input.message, parentId: edited.parentId, files },
            answerTo: undefined,
            model: conversation.model,
          };
        },
      }),
  };
}

async function getMessage(tx: Repositories, conversation: Conversation, messageId: string): Promise<Message> {
  const message = await tx.messages.find(messageId, conversation.id);
  if (message === undefined) throw new DomainError("not_found", "There is no such message.");
  return message;
}

async function readFileIds(tx: Repositories, message: Message): Promise<string[]> {
  return ((await readFiles(tx, [message])).get(message.id) ?? []).map(({ id }) => id);
}

function requireSameInput(known: Run, start: Start): Run {
  if (known.inputHash === start.inputHash) return known;
  throw new DomainError("conflict", "This request id was already used for something else.");
}
