import {
  DomainError,
  toEventId,
  type HistoryInput,
  type HistoryPage,
  type MessageView,
} from "@llm-backend/contract";
import type { Message, Repositories, Run, Storage } from "@llm-backend/storage";
import type { Viewer } from "../auth/viewer.ts";
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
    context: { run: Run | undefined; journal: RunLog | undefined; siblingIds: string[] },
  ): MessageView {
    const { run } = context;
    // A journal is behind what was said, by a quarter of a second: whoever follows from its end gets the rest.
    const log = (run && findLive(registry, run)?.log) ?? context.journal;
    const answer = log === undefined ? undefined : toAnswerText(readEvents(log));
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
              lastEventId: log === undefined ? null : toEventId(run.id, log.end),
            },
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
        return { page: [], runs: new Map(), siblings: new Map(), journals: new Map() };
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
      const { page, runs, siblings, journals } = rows;
      return {
        messages: page.map((message) =>
          toView(message, {
            run: message.runId === null ? undefined : runs.get(message.runId),
            journal: message.runId === null ? undefined : journals.get(message.runId),
            siblingIds: siblings.get(message.parentId) ?? [message.id],
          }),
        ),
        nextCursor: page[0]?.parentId ?? null,
      };
    },
  };
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
