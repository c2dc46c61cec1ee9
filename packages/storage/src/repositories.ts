import type { Kysely } from "kysely";
import { createErasureRepository, type ErasureRepository } from "./account/erasure-repository.ts";
import { createAttachmentRepository, type AttachmentRepository } from "./attachment/attachment-repository.ts";
import {
  createConversationRepository,
  type ConversationRepository,
} from "./conversation/conversation-repository.ts";
import type { Database } from "./database.ts";
import { createBudgetRepository, type BudgetRepository } from "./key/budget-repository.ts";
import { createApiKeyRepository, type ApiKeyRepository } from "./key/key-repository.ts";
import { createBaseRepository, type BaseRepository } from "./knowledge/base-repository.ts";
import { createDocumentRepository, type DocumentRepository } from "./knowledge/document-repository.ts";
import { createKnowledgeJobRepository, type KnowledgeJobRepository } from "./knowledge/job-repository.ts";
import { createPassageRepository, type PassageRepository } from "./knowledge/passage-repository.ts";
import { createLedgerRepository, type LedgerRepository } from "./ledger/ledger-repository.ts";
import { createBranchRepository, type BranchRepository } from "./message/branch-repository.ts";
import { createMessageRepository, type MessageRepository } from "./message/message-repository.ts";
import { createPriceRepository, type PriceRepository } from "./price/price-repository.ts";
import { createRecordRepository, type RecordRepository } from "./record/record-repository.ts";
import { createRunRepository, type RunRepository } from "./run/run-repository.ts";
import { createSearchRepository, type SearchRepository } from "./search/search-repository.ts";
import { createSessionRepository, type SessionRepository } from "./session/session-repository.ts";
import { createSettingRepository, type SettingRepository } from "./setting/setting-repository.ts";
import {
  createTemporaryClaimRepository,
  type TemporaryClaimRepository,
} from "./temporary/claim-repository.ts";
import { createToolRepository, type ToolRepository } from "./tool/tool-repository.ts";
import { createUpstreamRepository, type UpstreamRepository } from "./upstream/upstream-repository.ts";
import { createUserRepository, type UserRepository } from "./user/user-repository.ts";
import { createVoiceMemoryRepository, type VoiceMemoryRepository } from "./voice/voice-memory-repository.ts";

/** One repository per noun, over a connection or over a transaction. */
export type Repositories = {
  readonly users: UserRepository;
  readonly sessions: SessionRepository;
  readonly conversations: ConversationRepository;
  readonly messages: MessageRepository;
  readonly branches: BranchRepository;
  readonly runs: RunRepository;
  readonly upstreams: UpstreamRepository;
  readonly settings: SettingRepository;
  readonly keys: ApiKeyRepository;
  readonly budgets: BudgetRepository;
  readonly prices: PriceRepository;
  readonly ledger: LedgerRepository;
  readonly records: RecordRepository;
  readonly search: SearchRepository;
  readonly tools: ToolRepository;
  readonly temporaryClaims: TemporaryClaimRepository;
  readonly voiceMemories: VoiceMemoryRepository;
  readonly erasures: ErasureRepository;
  readonly attachments: AttachmentRepository;
  readonly bases: BaseRepository;
  readonly documents: DocumentRepository;
  readonly passages: PassageRepository;
  readonly knowledgeJobs: KnowledgeJobRepository;
};

type Creators = { readonly [TName in keyof Repositories]: (db: Kysely<Database>) => Repositories[TName] };

const creators: Creators = {
  users: createUserRepository,
  sessions: createSessionRepository,
  conversations: createConversationRepository,
  messages: createMessageRepository,
  branches: createBranchRepository,
  runs: createRunRepository,
  upstreams: createUpstreamRepository,
  settings: createSettingRepository,
  keys: createApiKeyRepository,
  budgets: createBudgetRepository,
  prices: createPriceRepository,
  ledger: createLedgerRepository,
  records: createRecordRepository,
  search: createSearchRepository,
  tools: createToolRepository,
  temporaryClaims: createTemporaryClaimRepository,
  voiceMemories: createVoiceMemoryRepository,
  erasures: createErasureRepository,
  attachments: createAttachmentRepository,
  bases: createBaseRepository,
  documents: createDocumentRepository,
  passages: createPassageRepository,
  knowledgeJobs: createKnowledgeJobRepository,
};

const names = Object.keys(creators) as (keyof Repositories)[];

/** Creates all repositories of a connection. */
export function createRepositories(db: Kysely<Database>): Repositories {
  return Object.fromEntries(names.map((name) => [name, creators[name](db)])) as Repositories;
}

/** The repositories of a transaction, which uses a few of them: each is created when it is asked for. */
export function openRepositories(db: Kysely<Database>): Repositories {
  return new OpenRepositories(db) as object as Repositories;
}

class OpenRepositories {
  readonly db: Kysely<Database>;
  readonly created: { -readonly [TName in keyof Repositories]?: Repositories[TName] } = {};

  constructor(db: Kysely<Database>) {
    this.db = db;
  }

  static {
    for (const name of names) {
      Object.defineProperty(this.prototype, name, {
        get(this: OpenRepositories) {
          return (this.created[name] ??= creators[name](this.db) as never);
        },
      });
    }
  }
}
