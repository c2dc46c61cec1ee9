export type {
  DocumentKind,
  DocumentReader,
  Embedder,
  EmbedOptions,
  FoundPassage,
  KnowledgeQuery,
  Passage,
  PassageSizes,
  ReadDocument,
  ReadLimits,
  SourceFile,
  TextBlock,
} from "./ports.ts";
