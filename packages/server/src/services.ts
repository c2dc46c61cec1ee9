import { randomUUID } from "node:crypto";
import type { AttemptReport, Gateway } from "@llm-backend/gateway";
import type { Storage } from "@llm-backend/storage";
import { createPeople, type People, type PeopleSettings } from "./auth/create-people.ts";
import { createChats, type Chats, type ChatSettings } from "./chat/create-chats.ts";
import { createRunBooks } from "./chat/run-books.ts";
import { createEmbeddingService } from "./embedding/embedding-service.ts";
import { createForwardService, type EndedCall, type ForwardService } from "./forward/forward-service.ts";
import { createHoldings, type Holdings } from "./holdings/create-holdings.ts";
import { createNewId } from "./identity/new-id.ts";
import { createAccounts, type Accounts } from "./key/create-accounts.ts";
import type { AccessSettings } from "./key/static-tokens.ts";
import { createSoon } from "./knowledge/begin-soon.ts";
import { createKnowledge, type KnowledgeService } from "./knowledge/create-knowledge.ts";
import { idleEngine, type OpenKnowledgeEngine } from "./knowledge/knowledge-engine.ts";
import { defaultKnowledgeSettings, type KnowledgeSettings } from "./knowledge/knowledge-settings.ts";
import type { SharedLimits } from "./limit/shared-limits.ts";
import { createModelService, type ModelService } from "./model/model-service.ts";
import { createAttemptCollector } from "./record/attempt-collector.ts";
import { createRecordService, type RecordService } from "./record/record-service.ts";
import type { RecordSettings } from "./record/record-settings.ts";
import type { Shed } from "./record/shed-report.ts";
import { createSignalFollower } from "./relay/follow-signals.ts";
import { recoverOrphans, type RecoveredOrphans } from "./relay/recover-orphans.ts";
import type { RunRelay } from "./relay/run-relay.ts";
import { createSealBox } from "./secrets/seal-box.ts";
import { createLongSweeps } from "./sweep/long-sweeps.ts";
import { createSpeechService, type SpeechParts, type SpeechService } from "./speech/create-speech.ts";
import type { SpeechSettings } from "./speech/ports.ts";
import { createTitleService } from "./title/title-service.ts";
import type { ToolBox } from "./tool/tool-box.ts";
import { createLiveUpstreams, type LiveUpstreams } from "./upstream/live-upstreams.ts";
import { createUpstreamService } from "./upstream/upstream-service.ts";
import { createVoiceKnowledge } from "./voice/voice-knowledge.ts";
import { createVoiceService, type VoiceService } from "./voice/voice-service.ts";
import type { VoiceSettings } from "./voice/voice-settings.ts";

/** Everything that can be asked of the system; one entry for each feature. */
export type Services = Accounts["services"] &
  Chats["services"] &
  Holdings["services"] &
  People["services"] & {
    readonly models: ModelService;
    readonly records: RecordService;
    readonly upstreams: LiveUpstreams;
    readonly forward: ForwardService;
    readonly knowledge: KnowledgeService;
    readonly voice: VoiceService;
    readonly speech: SpeechService;
  };

/** What the services stand on. */
export type ServicesDeps = {
  readonly storage: Storage;
  readonly gateway: Gateway;
  readonly secrets: { readonly jwtSecret: string; readonly masterKey: Uint8Array };
  readonly settings: ServiceSettings;
  /** Names this process as the owner of its runs. @default a name of its own */
  readonly owner?: string | undefined;
  /** Reaches the other processes that serve; undefined for one that serves alone. */
  readonly relay?: RunRelay | undefined;
  /** What processes that serve together count together; without it this process counts alone. */
  readonly sharedLimits?: SharedLimits | undefined;
  /** The tools that models may call in conversations. @default none */
  readonly toolBox?: ToolBox | undefined;
  /** Opens what searches documents and takes them in. @default nothing is found, and nothing is read */
  readonly openKnowledge?: OpenKnowledgeEngine | undefined;
  /** What answers in speech are made of beside upstreams. @default nothing */
  readonly speech?: SpeechParts | undefined;
  /** Learns of failures that no caller is told the reason of. */
  readonly onInternalError: (error: unknown) => void;
  /** Learns of records that were not stored, at most once a minute; without it `onInternalError` does. */
  readonly onRecordsShed?: (shed: Shed) => void;
  /** Learns of every call under `/v1`, and of its end. */
  readonly onCallStarted?: () => void;
  readonly onCallEnded?: (ended: EndedCall) => void;
  /** The time of day, which may jump. @default Date.now */
  readonly now?: () => number;
};

/** What an operator can set. */
export type ServiceSettings = PeopleSettings &
  ChatSettings & {
    readonly access: AccessSettings;
    readonly records?: Partial<RecordSettings>;
    /** The model that names conversations; without it they are called by their first words. */
    readonly titleModel?: string | undefined;
    readonly knowledge?: Partial<KnowledgeSettings> | undefined;
    readonly voice?: Partial<VoiceSettings> | undefined;
    readonly speech?: Partial<SpeechSettings> | undefined;
    /** Contents of files are left out of an exported conversation that would become longer. @default 8 MiB */
    readonly documentBytesMax?: number | undefined;
  };

/** The calls of `/v1` that are under way when the process is to end. */
export type OpenCalls = {
  /** Takes no more; resolves when those under way have ended, or with the signal. */
  drain(until: AbortSignal): Promise<void>;
  /** Ends the others; resolves when everything that is to be written down of them has been told. */
  end(): Promise<void>;
};

/** The services, and what their process does with them. */
export type Backend = {
  readonly services: Services;
  /** Reads what is kept in memory, and begins to answer other processes; to be called before anything is served. */
  load(): Promise<void>;
  /** `load`, and ends what earlier processes left behind: for a process that serves alone. */
  recover(): Promise<RecoveredOrphans>;
  /** Removes what is no longer needed. */
  sweep(): Promise<void>;
  /**
   * Takes no more runs, lets those under way go on until the signal, interrupts the rest, and stores everything, also of
   * the calls under way.
   */
  drain(until: AbortSignal, calls?: OpenCalls): Promise<void>;
  /** To be told of every attempt that the gateway makes. */
  readonly noteAttempt: (report: AttemptReport) => void;
};

const defaultDocumentBytesMax = 8 * 1024 * 1024;

/** Builds the services in order: each can only receive what an earlier line has made. */
export async function createBackend(deps: ServicesDeps): Promise<Backend> {
  const { storage, gateway, settings, onInternalError } = deps;
  const now = deps.now ?? Date.now;
  // What a limit or a cache lasts must not depend on somebody setting the clock.
  const elapsed = deps.now ?? (() => performance.now());
  const newId = createNewId(now);
  const { sharedLimits, relay, owner = randomUUID() } = deps;
  const base = { storage, newId, now, owner, relay, onInternalError, sharedLimits };
  const sealBox = createSealBox(deps.secrets.masterKey);

  const people = await createPeople({ ...base, settings, jwtSecret: deps.secrets.jwtSecret });
  const records = createRecordService({ ...base, settings: settings.records, onShed: deps.onRecordsShed });
  const accounts = createAccounts({ ...base, elapsed, access: settings.access });
  const attempts = createAttemptCollector();
  const books = { ...base, attempts, records, ledger: accounts.services.ledger };
  const enterBooks = createRunBooks(books);
  const titles = createTitleService({ ...base, gateway, model: settings.titleModel, onEnded: enterBooks });
  const forward = createForward(deps, { now, elapsed, accounts, records });
  const sweeps = createLongSweeps(onInternalError);
  const tidy = createSoon((work) => sweeps.begin(work))((signal) => knowledge.sweep(signal));
  const embeddings = createEmbeddingService({ forward, newId });
  const engine = (deps.openKnowledge ?? (() => idleEngine))({
    ...base,
    embedder: (model) => embeddings.embedder(model),
    onLeftovers: tidy,
  });
  const knowledge = createKnowledge({
    ...base,
    ...engine,
    tidy,
    settings: { ...defaultKnowledgeSettings, ...settings.knowledge },
    listUpstreamModels: () => gateway.models().map(({ model }) => model),
  });
  const voice = createVoiceService({
    ...base,
    gateway,
    forward,
    settings: settings.voice,
    toolBox: deps.toolBox,
    toolSettings: settings.tools,
    knowledge: createVoiceKnowledge({ storage, knowledge: knowledge.service }),
  });
  const speech = createSpeechService({
    ...base,
    forward,
    answerText: voice.answerAudioText,
    parts: deps.speech,
    settings: settings.speech,
    metadata: settings.voice?.metadata,
  });
  const chats = createChats({
    ...base,
    lookUps: knowledge.lookUps,
    gateway,
    sealBox,
    settings,
    toolBox: deps.toolBox,
    onEnded(live, ending) {
      enterBooks(live, ending);
      titles.noteEnded(live.run, ending);
    },
  });
  const holdings = createHoldings({
    ...base,
    auth: people.services.auth,
    attachments: chats.services.attachments,
    documentBytesMax: settings.documentBytesMax ?? defaultDocumentBytesMax,
    async cutOff(userId) {
      await people.services.sessions.endAll(userId);
      accounts.dropKeys();
      await chats.discardUser(userId);
      // Other processes learn of each conversation that is gone, and end what they write in it.
      await chats.services.conversations.removeAll({ userId });
      await Promise.all([accounts.services.ledger.flush(), records.flush()]);
    },
  });
  const models = createModelService({ gateway });
  const upstreams = createLiveUpstreams({
    list: createUpstreamService({ storage, sealBox, now }),
    storage,
    gateway,
    onLoaded: accounts.services.keys.setUpstreamAccess,
    onChanged: () => relay?.broadcast({ type: "upstreams-changed" }),
    onError: onInternalError,
    now,
  });
  const onSignal = followOthers({ people, chats, accounts, upstreams, onError: onInternalError });
  const load = async () => {
    await accounts.load();
    await relay?.serve({ ...chats.handlers, onSignal });
    engine.start();
  };

  return {
    services: {
      ...people.services,
      ...accounts.services,
      ...chats.services,
      ...holdings.services,
      forward,
      knowledge: knowledge.service,
      models,
      records,
      upstreams,
      voice,
      speech,
    },
    load,
    async recover() {
      const recovered = await recoverOrphans({ storage, now }, [owner]);
      await load();
      return recovered;
    },
    async sweep() {
      // Not waited for: after a long pause there may be much to remove, step by step, and the server starts meanwhile.
      sweeps.begin(records.sweep);
      sweeps.begin(holdings.services.accounts.finishErasures);
      sweeps.begin(chats.services.attachments.sweep);
      sweeps.begin(voice.sweep);
      tidy();
      await people.sweep();
      await chats.sweep();
      await accounts.sweep();
    },
    noteAttempt: (report) => attempts.collect(report),
    async drain(until, calls) {
      await Promise.all([chats.drain(until), calls?.drain(until)]);
      await titles.close();
      await engine.close();
      // Before the gateway ends, which then knows nothing any more of what it has counted.
      await upstreams.close();
      speech.end();
      await calls?.end();
      await voice.flush();
      await records.close();
      await sweeps.close();
      await accounts.close();
      people.close();
    },
  };
}

/** What is done here about what the other processes tell. */
function followOthers(given: {
  people: People;
  chats: Chats;
  accounts: Accounts;
  upstreams: LiveUpstreams;
  onError: (error: unknown) => void;
}) {
  const { people, chats, accounts, upstreams, onError } = given;
  return createSignalFollower({
    endStreams: people.endStreams,
    endConversation: chats.discardRuns,
    endUser: chats.discardRunsOf,
    reloadUpstreams: upstreams.poll,
    forgetKeys: accounts.forgetKeys,
    reloadPrices: accounts.reloadPrices,
    onError,
  });
}

/** The calls of `/v1`, with everything that is written down of them. */
function createForward(
  { gateway, onCallStarted, onCallEnded }: ServicesDeps,
  given: { now: () => number; elapsed: () => number; accounts: Accounts; records: RecordService },
): ForwardService {
  const { now, elapsed, accounts, records } = given;
  const { keys, admissions } = accounts.services;
  return createForwardService({
    gateway,
    keys,
    admissions,
    textCharsMax: records.answerCharsMax,
    now,
    elapsed,
    ...(onCallStarted !== undefined && { onStarted: onCallStarted }),
    onEnded(ended) {
      const { request, access, address, received } = ended.incoming;
      const asked = received?.request ?? request;
      records.addForward({ ...ended, request: asked, access, clientIp: address, voice: received?.voice });
      onCallEnded?.(ended);
    },
  });
}
