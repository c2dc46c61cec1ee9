export { appRouter, createCaller, type AppRouter, type Caller } from "./app-router.ts";
export { createBackend } from "./services.ts";
export type { Backend, Services, ServiceSettings, ServicesDeps } from "./backend.ts";
export type { Context } from "./trpc/context.ts";
export { subscriptionTiming, type ProcedureMeta } from "./trpc/trpc.ts";
export { wireTransformer } from "./trpc/wire-transformer.ts";
export {
  mapError,
  toErrorShape,
  toErrorBody,
  type ErrorShape,
  type MappedError,
} from "./trpc/error-shape.ts";
export { requireShallow } from "./trpc/require-shallow.ts";
export { requireShallowText } from "./trpc/require-shallow-text.ts";
export type { Viewer } from "./auth/viewer.ts";
export {
  OwnerLost,
  type RelayedEntry,
  type RelayedLog,
  type RelayedStart,
  type RelayFollowOptions,
  type RelayHandlers,
  type RelaySignal,
  type RunRelay,
} from "./relay/run-relay.ts";
export { openSetup } from "./auth/setup-service.ts";
export { recoverOrphans, type RecoveredOrphans } from "./relay/recover-orphans.ts";
export { createPasswordHasher, type PasswordHasherOptions } from "./auth/password-hasher.ts";
export { toAddressKey } from "./auth/address-key.ts";
export { toUsernameKey } from "./auth/username-key.ts";
export { createUserService, type UserService } from "./user/user-service.ts";
export {
  type CallAnswer,
  type CallOutcome,
  type EndedCall,
  type ForwardService,
  type IncomingCall,
} from "./forward/forward-service.ts";
export type { ForwardBody, ForwardRequest, ForwardSink } from "@llm-backend/gateway";
export type { AnswerCall, AnswerText, TakenText, TakeText, VoiceFace } from "./voice/ports.ts";
export { type VoiceService } from "./voice/voice-service.ts";
export { defaultVoiceSettings, type VoiceSettings } from "./voice/voice-settings.ts";
export { createNewId } from "./identity/new-id.ts";
export {
  createEmbeddingService,
  type EmbeddingService,
  type EmbeddingServiceDeps,
} from "./embedding/embedding-service.ts";
export { createUpstreamService, type UpstreamService } from "./upstream/upstream-service.ts";
export { type FoundUpstream } from "./upstream/merge-found.ts";
export { type LiveUpstreams, type UpstreamAccessEntry } from "./upstream/live-upstreams.ts";
export { type UpstreamAccess } from "./upstream/stored-upstream.ts";
export { isMasked, maskSecret } from "./upstream/secret-mask.ts";
export { createSealBox, type SealBox } from "./secrets/seal-box.ts";
export type {
  EngineGiven,
  KnowledgeEngine,
  KnowledgeRunner,
  OpenKnowledgeEngine,
} from "./knowledge/knowledge-engine.ts";
export type { KnowledgeService } from "./knowledge/create-knowledge.ts";
export type { KnowledgeSettings } from "./knowledge/knowledge-settings.ts";
export type { Access, KeyLimits } from "./key/access.ts";
export { createAccessService, type AccessService } from "./key/access-service.ts";
export type {
  Admission,
  AdmissionDemand,
  AdmissionOutcome,
  AdmissionService,
  Charge,
} from "./key/admission-service.ts";
export { createKeyService, operator, type KeyHolder, type KeyService } from "./key/key-service.ts";
export type {
  Place,
  RateDemand,
  RateUse,
  RateVerdict,
  SharedLimits,
  TakenRate,
  WindowCount,
  WindowCounter,
} from "./limit/shared-limits.ts";
export type { AccessSettings } from "./key/static-tokens.ts";
export { toEarlierRecord, type EarlierRecord } from "./record/earlier-record.ts";
export type { ForwardFacts, RecordedCharge, RunFacts } from "./record/record-facts.ts";
export { createRecordService, type RecordService } from "./record/record-service.ts";
export type { RecordSettings } from "./record/record-settings.ts";
export { createRecordTail, type RecordTail, type TailOptions } from "./record/record-tail.ts";
export type { RecordWriterStats } from "./record/record-writer.ts";
export type { Shed } from "./record/shed-report.ts";
export { createArrivals, type Arrivals } from "./speech/arrivals.ts";
export { readSound } from "./speech/read-sound.ts";
export { type SpeechParts, type SpeechService } from "./speech/create-speech.ts";
export { defaultSpeechSettings } from "./speech/speech-settings.ts";
export type {
  PreparedAnswer,
  PreparedSpeech,
  Sound,
  SpeakOptions,
  SpeechSettings,
  Synthesiser,
} from "./speech/ports.ts";
export type { ToolBox, ToolInfo, ToolResult, ToolSettings } from "./tool/tool-box.ts";
