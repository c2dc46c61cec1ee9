export { openSqlite, type SqliteOptions } from "./sqlite/open-sqlite.ts";
export { backUpSqlite, type BackedUpFiles } from "./sqlite/back-up-sqlite.ts";
export { findSqliteDamage } from "./sqlite/find-damage.ts";
export { isForeignSqlite } from "./sqlite/foreign-database.ts";
export { StorageRefusal } from "./storage-refusal.ts";
export type { Repositories } from "./repositories.ts";
export type { Storage } from "./storage.ts";
export type { MessageRange } from "./attachment/attachment-repository.ts";
export type { Attachment, AttachmentBlob } from "./attachment/attachment-row.ts";
export type { FilePlace, FileStore, NewFile } from "./attachment/file-store.ts";
export type { Conversation, TitleSource } from "./conversation/conversation-row.ts";
export type { ConversationChange, ShelfPage, ShelfPosition } from "./conversation/conversation-repository.ts";
export type { BudgetPeriod, BudgetState, Reservation } from "./key/budget-repository.ts";
export type { ApiKeyChange, ApiKeyRotation } from "./key/key-repository.ts";
export type { ApiKey, OwnedApiKey } from "./key/key-row.ts";
export type { LedgerFilter, LedgerSums } from "./ledger/ledger-repository.ts";
export type { LedgerEntry } from "./ledger/ledger-row.ts";
export type { BaseRepository, NewKnowledgeBase } from "./knowledge/base-repository.ts";
export type { DocumentRepository, NewKnowledgeDocument } from "./knowledge/document-repository.ts";
export type { KnowledgeJobRepository, NewKnowledgeJob } from "./knowledge/job-repository.ts";
export type {
  KnowledgeBase,
  KnowledgeDocument,
  KnowledgeFailure,
  KnowledgeJob,
  KnowledgePassage,
  KnowledgeVector,
  KnowledgeVersion,
  KnowledgeVersionState,
  NewKnowledgePassage,
} from "./knowledge/knowledge-row.ts";
export type {
  PassagePlace,
  PassageRepository,
  PassageToEmbed,
  PlacedPassage,
} from "./knowledge/passage-repository.ts";
export type { KnowledgeSpace } from "./knowledge/space-queries.ts";
export type { KnowledgeLeftover } from "./knowledge/leftover-queries.ts";
export {
  openKnowledgeReader,
  type CurrentVersion,
  type KnowledgeReader,
  type SearchedBase,
} from "./knowledge/reader/open-knowledge-reader.ts";
export type { NewKnowledgeVersion } from "./knowledge/version-queries.ts";
export type { Message } from "./message/message-row.ts";
export type { RecordFilter } from "./record/record-filter.ts";
export type { RecordPage, RecordPageRange } from "./record/record-repository.ts";
export type {
  RecordAttempt,
  RecordBodies,
  RecordEntry,
  RecordTotals,
  RequestRecord,
  WrittenRecord,
} from "./record/record-row.ts";
export type { Run, RunSegment } from "./run/run-row.ts";
export type { RunEnding } from "./run/run-repository.ts";
export type { SearchFilter, SearchHit, SearchPosition } from "./search/search-repository.ts";
export { readSearchTerms, type SearchTerm } from "./search/search-terms.ts";
export { readSearchWords, type SearchWord } from "./search/search-words.ts";
export type { Session, SessionKind } from "./session/session-row.ts";
export type { UpstreamRecord, UpstreamTallyRecord } from "./upstream/upstream-row.ts";
export type { User, UserStatus } from "./user/user-row.ts";
export type { VoiceMemoryRow } from "./voice/voice-memory-repository.ts";
export type { TemporaryClaim } from "./temporary/claim-repository.ts";
export type { ToolCallEntry, ToolGrant, ToolRepository, ToolSums } from "./tool/tool-repository.ts";
