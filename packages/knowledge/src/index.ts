export { createHashedEmbedder } from "./embed/create-hashed-embedder.ts";
export type {
  DocumentKind,
  DocumentReader,
  Embedder,
  EmbedOptions,
  FoundPassage,
  FoundPassages,
  KnowledgeQuery,
  KnowledgeSearch,
  Passage,
  PassageSizes,
  ReadDocument,
  ReadLimits,
  SourceFile,
  TextBlock,
} from "./ports.ts";
export { createDocumentReader, type DocumentReaderOptions } from "./read/create-document-reader.ts";
export { getDocumentKind } from "./read/document-kind.ts";
export { createKnowledgeSearch, type KnowledgeSearchDeps } from "./search/create-knowledge-search.ts";
export { createIngest, type Ingest } from "./ingest/create-ingest.ts";
export type { IngestDeps, IngestSettings } from "./ingest/ingest-ports.ts";
export { VectorIndex } from "./vector/vector-index.ts";
