import {
  DomainError,
  toEventId,
  type Citation,
  type HistoryInput,
  type HistoryPage,
  type MessageView,
  type RunEvent,
  type ToolCallView,
  type RunRef,
} from "@llm-backend/contract";
import type { Attachment, Message, Repositories, Run, Storage } from "@llm-backend/storage";
import { toAttachmentView } from "../attachment/attachment-view.ts";
import { readFiles } from "../attachment/message-files.ts";
import type { Viewer } from "../auth/viewer.ts";
import { readStoredToolEvents, toToolCalls } from "../tool/tool-events.ts";
import { readCitations } from "./citations.ts";
import type { LiveRun } from "./live-run.ts";
import { readEvents, toAnswerText, type RunLog } from "./run-log.ts";
import type { RunRegistry } from "./run-registry.ts";
import { readSegments } from "./stored-log.ts";

/** Reading the messages of a conversation. */
export type HistoryService = ReturnType<typeof createHistoryService>;

/** The messages of a page, and what belongs to them. */
type PageRows = {
  readonly page: readonly Message[];
  readonly runs: ReadonlyMap<string, Run>;
  readonly siblings: ReadonlyMap<string | null, string[]>;
  readonly files: ReadonlyMap<string, readonly Attachment[]>;
  /** What other processes have written down so far of the answers that they write. */
  readonly journals: ReadonlyMap<string, RunLog>;
};

const readsMax = 2;

/** What the service stands on. */
export type HistoryServiceDeps = {
  readonly storage: Storage;
  readonly registry: RunRegistry;
  /** Names this process as the owner of its runs. */
  readonly owner: string;
};

/** Creates the service. */
export function createHistoryService(deps: HistoryServiceDeps) {
  const { storage, registry } = deps;

  /** A message with its run; an answer that is being written shows what it has said so far. */
  function toView(
    message: Message,
    context: {
      run: Run | undefined;
      journal: RunLog | undefined;
      files: readonly Attachment[];
      siblingIds: string[];
    },
  ): MessageView {
    const { run } = context;
    // A journal is behind what was said, by a quarter of a second: whoever follows from its end gets the rest.
    const log = (run && findLive(registry, run)?.log) ?? context.journal;
    const events = log === undefined ? undefined : readEvents(log);
    const answer = events && toAnswerText(events);
    return {
      messageId: message.id,
      parentId: message.parentId,
      role: message.role,
      content: answer?.content ?? message.content,
      reasoning: (answer?.reasoning ?? message.reasoning) || null,
      model: message.model,
      finishReason: message.finishReason,
      usage: message.usage,
      createdAt: new Date(message.createdAt),
      run: run === undefined ? null : toRunRef(run, log),
      toolCalls: run === undefined ? [...(message.toolCalls ?? [])] : listToolCalls(run, events),
      citations: listCitations(message, events),
      attachments: context.files.map(toAttachmentView),
      siblingIds: context.siblingIds,
    };
  }

  const isElsewhere = (run: Run) => run.state === "streaming" && run.owner !== deps.owner;

  /** The rows of a page, all of the same moment. */
  async function readRows(viewer: Viewer, input: HistoryInput): Promise<PageRows> {
    const { conversationId, limit } = input;
    return storage.transaction(async (tx) => {
      const conversation = await tx.conversations.find(conversationId, viewer.userId);
      if (conversation === undefined) throw new DomainError("not_found", "There is no such conversation.");
      const messageId = input.cursor ?? conversation.headMessageId;
      if (messageId === null) {
        return { page: [], runs: new Map(), siblings: new Map(), files: new Map(), journals: new Map() };
      }
      const branch = await tx.messages.listBranch(conversationId, { messageId, limit });
      if (branch.length === 0) throw new DomainError("not_found", "There is no such message.");
      const page = branch.toReversed();
      const parentIds = [...new Set(page.map((message) => message.parentId))];
      const runIds = page.map((message) => message.runId).filter((id) => id !== null);
      const runs = await tx.runs.listByIds(runIds);
      return {
        page,
        runs: new Map(runs.map((run) => [run.id, run])),
        siblings: await tx.messages.listChildIds(conversationId, parentIds),
        files: await readFiles(tx, page),
        journals: await readJournals(tx, runs.filter(isElsewhere)),
      };
    });
  }

  /** Whether an answer has ended since its row was read: what it said is in the rows that are read next. */
  const hasEnded = (run: Run) =>
    run.state === "streaming" && !isElsewhere(run) && findLive(registry, run) === undefined;

  return {
    /**
     * One page of a branch, oldest first: from the head of the conversation upwards, or from the cursor.
     *
     * @throws DomainError `not_found`
     */
    async read(viewer: Viewer, input: HistoryInput): Promise<HistoryPage> {
      let rows = await readRows(viewer, input);
      // Not for ever: an answer whose ending could not be stored stays as it is until the next start.
      for (let tries = 0; tries < readsMax && rows.runs.values().some(hasEnded); tries++) {
        rows = await readRows(viewer, input);
      }
      const { page, runs, siblings, files, journals } = rows;
      return {
        messages: page.map((message) =>
          toView(message, {
            run: message.runId === null ? undefined : runs.get(message.runId),
            journal: message.runId === null ? undefined : journals.get(message.runId),
            files: files.get(message.id) ?? [],
            siblingIds: siblings.get(message.parentId) ?? [message.id],
          }),
        ),
        nextCursor: page[0]?.parentId ?? null,
      };
    },
  };
}

function toRunRef(run: Run, log: RunLog | undefined): RunRef {
  const { id: runId, requestId, state } = run;
  return { runId, requestId, state, lastEventId: log === undefined ? null : toEventId(runId, log.end) };
}

/** The calls of an answer: out of what it tells, or, when it has ended, of what is stored of that. */
function listToolCalls(run: Run, events: readonly RunEvent[] | undefined): ToolCallView[] {
  return toToolCalls(events ?? readStoredToolEvents(run.log));
}

/** What an answer was given to read: out of what it tells, or, when it has ended, of what is stored with it. */
function listCitations({ citations = [] }: Message, events: readonly RunEvent[] | undefined): Citation[] {
  return [...(events === undefined ? citations : readCitations(events))];
}

async function readJournals(tx: Repositories, runs: readonly Run[]): Promise<Map<string, RunLog>> {
  const journals = new Map<string, RunLog>();
  for (const { id } of runs) {
    const log = readSegments(await tx.runs.listSegments(id));
    if (log.end > 0) journals.set(id, log);
  }
  return journals;
}

/** The run as this process drives it; undefined when it does not, or not any more. */
function findLive(registry: RunRegistry, run: Run): LiveRun | undefined {
  const live = registry.find(run.id);
  return live?.log.closed === true ? undefined : live;
}
