import { randomUUID } from "node:crypto";
import type { AttemptReport, Gateway } from "@llm-backend/gateway";
import type { Storage } from "@llm-backend/storage";
import { createAuthService, type AuthService } from "./auth/auth-service.ts";
import { createLoginLimiter, type LoginLimits } from "./auth/login-limiter.ts";
import { createPasswordHasher, type PasswordHasherOptions } from "./auth/password-hasher.ts";
import { createSessionService, type SessionService, type TokenLifetimes } from "./auth/session-service.ts";
import { createSessionWatch } from "./auth/session-watch.ts";
import { createSetupService, type SetupService } from "./auth/setup-service.ts";
import { createTokenService } from "./auth/token-service.ts";
import { createChatService, type ChatService } from "./chat/chat-service.ts";
import { executeRun, type ExecuteRunDeps, type RunSettings } from "./chat/execute-run.ts";
import { createHistoryService, type HistoryService } from "./chat/history-service.ts";
import { createRunBooks } from "./chat/run-books.ts";
import { createRunJournal, type RunJournal } from "./chat/run-journal.ts";
import { createRunRegistry, type RunLimits, type RunRegistry } from "./chat/run-registry.ts";
import { createRunService, type RunService } from "./chat/run-service.ts";
import { createConversationService, type ConversationService } from "./conversation/conversation-service.ts";
import { createForwardService, type EndedCall, type ForwardService } from "./forward/forward-service.ts";
import { createNewId } from "./identity/new-id.ts";
import { createAccounts, type Accounts } from "./key/create-accounts.ts";
import type { AccessSettings } from "./key/static-tokens.ts";
import { createModelService, type ModelService } from "./model/model-service.ts";
import { createAttemptCollector } from "./record/attempt-collector.ts";
import { createRecordService, type RecordService } from "./record/record-service.ts";
import type { RecordSettings } from "./record/record-settings.ts";
import type { Shed } from "./record/shed-report.ts";
import { createSealBox } from "./secrets/seal-box.ts";
import { createLiveUpstreams, type LiveUpstreams } from "./upstream/live-upstreams.ts";
import { createUpstreamService } from "./upstream/upstream-service.ts";
import { createUserService, type UserService } from "./user/user-service.ts";

/** Everything that can be asked of the system; one entry for each feature. */
export type Services = Accounts["services"] & {
  readonly auth: AuthService;
  readonly sessions: SessionService;
  readonly setup: SetupService;
  readonly users: UserService;
  readonly conversations: ConversationService;
  readonly history: HistoryService;
  readonly chat: ChatService;
  readonly runs: RunService;
  readonly models: ModelService;
  readonly records: RecordService;
  readonly upstreams: LiveUpstreams;
  readonly forward: ForwardService;
};

/** What the services stand on. */
export type ServicesDeps = {
  readonly storage: Storage;
  readonly gateway: Gateway;
  readonly secrets: { readonly jwtSecret: string; readonly masterKey: Uint8Array };
  readonly settings: ServiceSettings;
  /** Learns of failures that no caller is told the reason of. */
  readonly onInternalError: (error: unknown) => void;
  /** Learns of records that were not stored, at most once a minute; without it `onInternalError` does. */
  readonly onRecordsShed?: (shed: Shed) => void;
  /** Learns of every call under `/v1`, and of its end. */
  readonly onCallStarted?: () => void;
  readonly onCallEnded?: (ended: EndedCall) => void;
  /** @default Date.now */
  readonly now?: () => number;
};

/** What an operator can set. */
export type ServiceSettings = {
  readonly registration: "open" | "closed";
  readonly hashing: PasswordHasherOptions;
  readonly loginLimits: LoginLimits;
  readonly lifetimes: TokenLifetimes;
  readonly runLimits: RunLimits & { readonly streamsPerUser: number };
  readonly runs: RunSettings;
  readonly records?: Partial<RecordSettings>;
  readonly access: AccessSettings;
};

/** The services, and what their process does with them. */
export type Backend = {
  readonly services: Services;
  /** Ends the runs that earlier processes left behind; to be called before anything is served. */
  recover(): Promise<{ runsInterrupted: number; reservationsReturned: number }>;
  /** Removes what is no longer needed. */
  sweep(): Promise<void>;
  /** Takes no more runs, lets those under way go on until the signal, interrupts the rest, and stores everything. */
  drain(until: AbortSignal, calls?: Promise<unknown>): Promise<void>;
  /** To be told of every attempt that the gateway makes. */
  readonly noteAttempt: (report: AttemptReport) => void;
};

const journalIntervalMs = 250;
const journalBytesMax = 2048;
const sessionCheckMs = 30_000;
/** Ended sessions are kept so long: they tell the addresses that an account is used from. */
const sessionsKeptMs = 90 * 24 * 3_600_000;

/** Builds the services in order: each can only receive what an earlier line has made. */
export async function createBackend(deps: ServicesDeps): Promise<Backend> {
  const { storage, gateway, settings } = deps;
  const now = deps.now ?? Date.now;
  const owner = randomUUID();
  const newId = createNewId(now);
  const sealBox = createSealBox(deps.secrets.masterKey);

  const hasher = await createPasswordHasher(settings.hashing);
  const limiter = createLoginLimiter(settings.loginLimits);
  const tokens = createTokenService({ secret: deps.secrets.jwtSecret, now });
  const watch = createSessionWatch({
    intervalMs: sessionCheckMs,
    async isAlive(sessionId) {
      const found = await storage.sessions.findWithUser(sessionId);
      return (
        found !== undefined &&
        found.session.revokedAt === null &&
        found.session.expiresAt > now() &&
        found.user.status === "active"
      );
    },
  });
  const sessions = createSessionService({
    storage,
    tokens,
    newId,
    watch,
    now,
    lifetimes: settings.lifetimes,
  });
  const users = createUserService({ storage, hasher, newId, now });
  const auth = createAuthService({
    storage,
    hasher,
    limiter,
    sessions,
    users,
    registration: settings.registration,
  });
  const setup = createSetupService({ storage, users, limiter });

  const records = createRecordService({
    storage,
    settings: settings.records,
    now,
    onInternalError: deps.onInternalError,
    onShed: deps.onRecordsShed,
  });
  const { onInternalError } = deps;
  const accounts = createAccounts({ storage, newId, now, owner, access: settings.access, onInternalError });
  const attempts = createAttemptCollector();
  const { journal, registry } = createEngine(deps, {
    sealBox,
    now,
    onEnded: createRunBooks({ attempts, records, ledger: accounts.services.ledger, now, onInternalError }),
  });
  const runs = createRunService({
    storage,
    registry,
    now,
    owner,
    streamsPerUser: settings.runLimits.streamsPerUser,
  });
  const chat = createChatService({ storage, registry, newId, now, owner });
  const history = createHistoryService({ storage, registry });
  const conversations = createConversationService({
    storage,
    sealBox,
    newId,
    now,
    discardRuns: (conversationId) => registry.endConversation(conversationId, "discard"),
  });
  const models = createModelService({ gateway });
  const upstreams = createLiveUpstreams({
    list: createUpstreamService({ storage, sealBox, now }),
    storage,
    gateway,
    onLoaded: accounts.services.keys.setUpstreamAccess,
    onError: deps.onInternalError,
    now,
  });

  const forward = createForwardService({
    gateway,
    keys: accounts.services.keys,
    admissions: accounts.services.admissions,
    textCharsMax: records.answerCharsMax,
    now,
    ...(deps.onCallStarted !== undefined && { onStarted: deps.onCallStarted }),
    onEnded(ended) {
      const { request, access, address } = ended.incoming;
      records.addForward({ ...ended, request, access, clientIp: address });
      deps.onCallEnded?.(ended);
    },
  });

  return {
    services: {
      ...accounts.services,
      forward,
      auth,
      sessions,
      setup,
      users,
      conversations,
      history,
      chat,
      runs,
      models,
      records,
      upstreams,
    },
    recover: async () => ({
      runsInterrupted: await runs.interruptOrphans(),
      reservationsReturned: await accounts.recover(),
    }),
    async sweep() {
      // Not waited for: after a long pause there may be much to remove, step by step, and the server starts meanwhile.
      records.sweep().catch(deps.onInternalError);
      await storage.sessions.deleteEnded(now() - sessionsKeptMs);
      await accounts.sweep();
    },
    noteAttempt: attempts.collect,
    async drain(until, calls) {
      await Promise.all([registry.drain(until), calls]);
      await journal.close();
      await records.close();
      await accounts.close();
      watch.close();
      await upstreams.close();
    },
  };
}

/** What drives the runs, and writes down what they say. */
function createEngine(
  { storage, gateway, settings, onInternalError }: ServicesDeps,
  known: Pick<ExecuteRunDeps, "sealBox" | "now" | "onEnded">,
): { journal: RunJournal; registry: RunRegistry } {
  const journal = createRunJournal({
    write: (segments) => storage.journal(segments),
    onError: onInternalError,
    intervalMs: journalIntervalMs,
    bytesMax: journalBytesMax,
  });
  const running = { storage, gateway, journal, onInternalError, settings: settings.runs, ...known };
  const registry = createRunRegistry({
    execute: (live) => executeRun(running, live),
    onAppend: (live, bytes) => journal.noteAppend(live, bytes),
    limits: settings.runLimits,
  });
  return { journal, registry };
}
