import type { Gateway } from "@llm-backend/gateway";
import type { Storage } from "@llm-backend/storage";
import { defaultAttachmentLimits, type AttachmentLimits } from "../attachment/attachment-limits.ts";
import { createAttachmentService, type AttachmentService } from "../attachment/attachment-service.ts";
import { createConversationService, type ConversationService } from "../conversation/conversation-service.ts";
import type { NewId } from "../identity/new-id.ts";
import { createOpenStreams } from "../limit/open-streams.ts";
import { createRunPlaces } from "../limit/run-places.ts";
import type { SharedLimits } from "../limit/shared-limits.ts";
import type { RelayHandlers, RunRelay } from "../relay/run-relay.ts";
import type { SealBox } from "../secrets/seal-box.ts";
import { executeTemporary } from "../temporary/execute-temporary.ts";
import { createRequestClaims } from "../temporary/request-claims.ts";
import { createTemporariesElsewhere, findTemporaryKind } from "../temporary/temporary-elsewhere.ts";
import { createTemporaryRuns, type TemporaryRuns } from "../temporary/temporary-runs.ts";
import { createTemporaryService, type TemporaryService } from "../temporary/temporary-service.ts";
import { createToolAsks, type ToolAsks } from "../tool/tool-asks.ts";
import { defaultToolSettings, emptyToolBox, type ToolBox, type ToolSettings } from "../tool/tool-box.ts";
import { createToolRounds } from "../tool/tool-rounds.ts";
import { allowToolKind, createToolService, type ToolService } from "../tool/tool-service.ts";
import { createBranchService, type BranchService } from "./branch-service.ts";
import { createChatService, type ChatService } from "./chat-service.ts";
import { executeRun, type ExecuteRunDeps, type RunSettings } from "./execute-run.ts";
import { withHandOver } from "./hand-over.ts";
import { createHistoryService, type HistoryService } from "./history-service.ts";
import type { LookUps } from "./look-up.ts";
import { createRunHandlers } from "./run-handlers.ts";
import { createRunJournal, type RunJournal } from "./run-journal.ts";
import { createRunRegistry, type RunLimits, type RunRegistry } from "./run-registry.ts";
import { createRunService, type RunService } from "./run-service.ts";

/** Conversations, and the runs that answer in them. */
export type Chats = {
  readonly services: {
    readonly conversations: ConversationService;
    readonly history: HistoryService;
    readonly branches: BranchService;
    readonly chat: ChatService;
    readonly runs: RunService;
    readonly temporary: TemporaryService;
    readonly attachments: AttachmentService;
    readonly tools: ToolService;
  };
  /** What this process does for the others. */
  readonly handlers: Pick<RelayHandlers, "openLog" | "stop" | "start">;
  /** Ends the runs of a conversation that is gone. */
  readonly discardRuns: (conversationId: number) => void;
  /** Ends the runs of a user who is gone, here; resolves when their endings are stored. */
  readonly discardRunsOf: (userId: number) => Promise<void>;
  /** The same, and tells the other processes. */
  discardUser(userId: number): Promise<void>;
  /** Removes what is kept of chats that are stored nowhere. */
  sweep(): Promise<void>;
  /** Takes no more runs, lets those under way go on until the signal, interrupts the rest, and stores them. */
  drain(until: AbortSignal): Promise<void>;
};

/** What an operator can set of them. */
export type ChatSettings = {
  readonly runLimits: RunLimits & { readonly streamsPerUser: number };
  readonly runs: Omit<RunSettings, "promptImageBytesMax">;
  readonly attachments?: Partial<AttachmentLimits>;
  readonly tools?: ToolSettings;
};

/** What they stand on. */
export type ChatsDeps = {
  readonly storage: Storage;
  readonly gateway: Gateway;
  readonly sealBox: SealBox;
  readonly newId: NewId;
  readonly now: () => number;
  /** Names this process. */
  readonly owner: string;
  /** Reaches the runs of other processes; undefined for a process that serves alone. */
  readonly relay: RunRelay | undefined;
  readonly settings: ChatSettings;
  /** What models may call. @default nothing */
  readonly toolBox?: ToolBox | undefined;
  /** Looks questions up in knowledge bases. */
  readonly lookUps?: LookUps | undefined;
  /** What processes that serve together count together. */
  readonly sharedLimits?: SharedLimits | undefined;
  readonly onInternalError: (error: unknown) => void;
  readonly onEnded: NonNullable<ExecuteRunDeps["onEnded"]>;
};

/** A crash costs no more than what was said in 250 ms: the rest of that time is for the write. */
const journalIntervalMs = 150;
const journalBytesMax = 2048;
/** How long a temporary answer that has ended can still be followed: as long as a reload takes. */
const temporaryKeptMs = 60_000;

/** Builds the services of conversations and runs, in their order. */
export function createChats(deps: ChatsDeps): Chats {
  const { storage, newId, now, owner, relay, sealBox, settings } = deps;
  const limits = { ...defaultAttachmentLimits, ...settings.attachments };
  const asks = createToolAsks();
  const { journal, registry, temporary } = createEngine(deps, {
    asks,
    promptImageBytesMax: limits.bytesPerMessage,
  });
  const perUser = settings.runLimits.streamsPerUser;
  const streams = createOpenStreams({ perUser, sharedLimits: deps.sharedLimits });
  const elsewhere = createTemporariesElsewhere(relay);
  const runs = createRunService({ storage, registry, temporary, elsewhere, now, owner, relay, streams });
  const runPlaces = createRunPlaces(deps.sharedLimits, settings.runLimits.perUser);
  const isAlone = relay === undefined;
  const starts = createChatService({
    storage,
    registry,
    newId,
    now,
    owner,
    isAlone,
    runPlaces,
    fileLimits: limits,
  });
  const chat = relay === undefined ? starts : withHandOver(starts, relay);
  const { toolBox: box = emptyToolBox } = deps;
  const tools = createToolService({ box, asks, storage, registry, now, owner, relay });
  const attachments = createAttachmentService({ storage, newId, now, limits });
  const history = createHistoryService({ storage, registry, owner });
  const endRuns = (conversationId: number) => registry.endConversation(conversationId, "discard");
  const discardRunsOf = (userId: number) => registry.endUser(userId, "discard");
  const discardRuns = (conversationId: number) => {
    endRuns(conversationId);
    relay?.broadcast({ type: "conversation-deleted", conversationId });
  };
  const conversations = createConversationService({ storage, sealBox, newId, now, discardRuns });
  const branches = createBranchService({ storage, sealBox, newId, now, show: conversations.get });
  const { systemPrompt } = settings.runs;
  const claims = createRequestClaims({ storage, elsewhere, isAlone });
  const passing = createTemporaryService({
    registry,
    temporary,
    elsewhere,
    claims,
    newId,
    now,
    owner,
    systemPrompt,
  });
  return {
    services: { conversations, history, branches, chat, runs, temporary: passing, tools, attachments },
    handlers: createRunHandlers({
      registry,
      temporary,
      starts: { ...starts, [allowToolKind]: tools.allowHere, [findTemporaryKind]: passing.findHere },
    }),
    discardRuns: endRuns,
    discardRunsOf,
    discardUser(userId) {
      relay?.broadcast({ type: "user-deleted", userId });
      return discardRunsOf(userId);
    },
    sweep: () => claims.sweep(now()),
    async drain(until) {
      await registry.drain(until);
      temporary.close();
      await journal.close();
    },
  };
}

/** What drives the runs, and writes down what they say. */
function createEngine(
  deps: ChatsDeps,
  { asks, promptImageBytesMax }: { asks: ToolAsks; promptImageBytesMax: number },
): {
  journal: RunJournal;
  registry: RunRegistry;
  temporary: TemporaryRuns;
} {
  const { storage, settings } = deps;
  const journal = createRunJournal({
    write: (segments) => storage.journal(segments),
    onError: deps.onInternalError,
    intervalMs: journalIntervalMs,
    bytesMax: journalBytesMax,
  });
  const tools = createToolRounds({
    ...deps,
    asks,
    box: deps.toolBox ?? emptyToolBox,
    settings: settings.tools ?? defaultToolSettings,
  });
  const running = {
    ...deps,
    journal,
    tools,
    settings: { ...settings.runs, promptImageBytesMax },
  };
  const temporary = createTemporaryRuns({ keptMs: temporaryKeptMs });
  const registry = createRunRegistry({
    execute(live) {
      const prompt = temporary.readPrompt(live);
      if (prompt !== undefined) return executeTemporary({ ...running, temporary }, live, prompt);
      return executeRun(running, live);
    },
    onAppend(live, bytes) {
      if (temporary.readPrompt(live) === undefined) journal.noteAppend(live, bytes);
    },
    limits: settings.runLimits,
  });
  return { journal, registry, temporary };
}
