import type { AttemptReport, Gateway } from "@llm-backend/gateway";
import type { Storage } from "@llm-backend/storage";
import type { People, PeopleSettings } from "./auth/create-people.ts";
import type { Chats, ChatSettings } from "./chat/create-chats.ts";
import type { EndedCall, ForwardService } from "./forward/forward-service.ts";
import type { Holdings } from "./holdings/create-holdings.ts";
import type { Accounts } from "./key/create-accounts.ts";
import type { AccessSettings } from "./key/static-tokens.ts";
import type { KnowledgeService } from "./knowledge/create-knowledge.ts";
import type { OpenKnowledgeEngine } from "./knowledge/knowledge-engine.ts";
import type { KnowledgeSettings } from "./knowledge/knowledge-settings.ts";
import type { SharedLimits } from "./limit/shared-limits.ts";
import type { ModelService } from "./model/model-service.ts";
import type { RecordService } from "./record/record-service.ts";
import type { RecordSettings } from "./record/record-settings.ts";
import type { Shed } from "./record/shed-report.ts";
import type { RecoveredOrphans } from "./relay/recover-orphans.ts";
import type { RunRelay } from "./relay/run-relay.ts";
import type { SpeechParts, SpeechService } from "./speech/create-speech.ts";
import type { SpeechSettings } from "./speech/ports.ts";
import type { ToolBox } from "./tool/tool-box.ts";
import type { LiveUpstreams } from "./upstream/live-upstreams.ts";
import type { VoiceService } from "./voice/voice-service.ts";
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
