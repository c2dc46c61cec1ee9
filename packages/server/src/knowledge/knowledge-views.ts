import type {
  DocumentKindName,
  DocumentState,
  DocumentView,
  FoundPassageView,
  JobView,
  KnowledgeBaseView,
  PassageView,
} from "@llm-backend/contract";
import type { FoundPassage } from "@llm-backend/knowledge";
import type {
  KnowledgeBase,
  KnowledgeDocument,
  KnowledgeFailure,
  KnowledgeJob,
  KnowledgePassage,
} from "@llm-backend/storage";

/** A base as one of those sees it who may read it. */
export function toBaseView(base: KnowledgeBase, userId: number): KnowledgeBaseView {
  return {
    baseId: base.id,
    name: base.name,
    embeddingModel: base.embeddingModel,
    nextEmbeddingModel: base.nextEmbeddingModel,
    access: base.userId === userId ? "owner" : "reader",
    createdAt: new Date(base.createdAt),
  };
}

/** A document, with where its newest content stands. */
export function toDocumentView({ newest, ...document }: KnowledgeDocument): DocumentView {
  return {
    documentId: document.id,
    baseId: document.baseId,
    name: document.name,
    kind: document.kind as DocumentKindName,
    bytes: newest.bytes,
    sha256: newest.hash,
    // The newest content of a document that is there is never one that was replaced.
    state: newest.state as DocumentState,
    isSearchable: document.isSearchable,
    passageCount: newest.passages,
    failure: toFailure(newest.failure),
    uploadedAt: new Date(newest.createdAt),
  };
}

export function toPassageView({
  id,
  position,
  start,
  end,
  headings,
  page,
  content,
}: KnowledgePassage): PassageView {
  return { passageId: id, position, start, end, headings: [...headings], page: page ?? null, content };
}

export function toFoundView(found: FoundPassage): FoundPassageView {
  const { passage, passageId, baseId, documentId, documentName, score } = found;
  return {
    ...toPassageView({ ...passage, id: passageId }),
    baseId,
    documentId,
    documentName,
    score,
    lexicalRank: found.lexicalRank ?? null,
    vectorRank: found.vectorRank ?? null,
    highlights: found.highlights.map(({ start, end }) => ({ start, end })),
  };
}

export function toJobView(job: KnowledgeJob): JobView {
  const { id: jobId, kind, baseId, documentId, state, done, total, attempts } = job;
  return { jobId, kind, baseId, documentId, state, done, total, attempts, failure: toFailure(job.failure) };
}

function toFailure(failure: KnowledgeFailure | null): KnowledgeFailure | null {
  return failure === null ? null : { code: failure.code, message: failure.message };
}
