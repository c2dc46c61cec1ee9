import type {
  AttachmentBlobTable,
  AttachmentLeftoverTable,
  AttachmentTable,
  MessageAttachmentTable,
} from "./attachment/attachment-table.ts";
import type { ConversationTable } from "./conversation/conversation-table.ts";
import type { ApiKeyTable, KeyBudgetTable, ReservationTable } from "./key/key-table.ts";
import type {
  KnowledgeBaseTable,
  KnowledgeDocumentTable,
  KnowledgeIndexTable,
  KnowledgeJobTable,
  KnowledgePassageTable,
  KnowledgeReaderTable,
  KnowledgeSpaceTable,
  KnowledgeVectorTable,
  KnowledgeVersionTable,
} from "./knowledge/knowledge-table.ts";
import type { LedgerTable } from "./ledger/ledger-table.ts";
import type { ChosenVersionTable, ForkTable } from "./message/branch-table.ts";
import type { MessageTable } from "./message/message-table.ts";
import type { PriceTable } from "./price/price-table.ts";
import type {
  RecordAttemptTable,
  RecordBodiesTable,
  RecordTotalsTable,
  RequestRecordTable,
} from "./record/record-table.ts";
import type { RunSegmentTable, RunTable } from "./run/run-table.ts";
import type { SearchEntryTable, SearchIndexTable } from "./search/search-table.ts";
import type { SessionTable } from "./session/session-table.ts";
import type { SettingTable } from "./setting/setting-table.ts";
import type { TemporaryClaimTable } from "./temporary/claim-table.ts";
import type { ToolCallTable, ToolGrantTable } from "./tool/tool-table.ts";
import type { UpstreamTable, UpstreamTallyTable } from "./upstream/upstream-table.ts";
import type { UserTable } from "./user/user-table.ts";
import type { VoiceMemoryTable } from "./voice/voice-memory-table.ts";

/**
 * The tables, as rows hold them. Only types that every database has: times are integers (milliseconds since 1970),
 * structures are JSON text.
 */
export type Database = {
  users: UserTable;
  sessions: SessionTable;
  conversations: ConversationTable;
  messages: MessageTable;
  chosen_versions: ChosenVersionTable;
  forks: ForkTable;
  runs: RunTable;
  run_segments: RunSegmentTable;
  upstreams: UpstreamTable;
  upstream_tallies: UpstreamTallyTable;
  settings: SettingTable;
  api_keys: ApiKeyTable;
  key_budgets: KeyBudgetTable;
  reservations: ReservationTable;
  prices: PriceTable;
  ledger: LedgerTable;
  request_records: RequestRecordTable;
  record_attempts: RecordAttemptTable;
  record_bodies: RecordBodiesTable;
  record_totals: RecordTotalsTable;
  attachment_blobs: AttachmentBlobTable;
  attachment_leftovers: AttachmentLeftoverTable;
  attachments: AttachmentTable;
  message_attachments: MessageAttachmentTable;
  search_entries: SearchEntryTable;
  search_index: SearchIndexTable;
  tool_grants: ToolGrantTable;
  tool_calls: ToolCallTable;
  temporary_claims: TemporaryClaimTable;
  knowledge_bases: KnowledgeBaseTable;
  knowledge_readers: KnowledgeReaderTable;
  knowledge_spaces: KnowledgeSpaceTable;
  knowledge_documents: KnowledgeDocumentTable;
  knowledge_versions: KnowledgeVersionTable;
  knowledge_passages: KnowledgePassageTable;
  knowledge_index: KnowledgeIndexTable;
  knowledge_vectors: KnowledgeVectorTable;
  knowledge_jobs: KnowledgeJobTable;
  voice_memories: VoiceMemoryTable;
};
