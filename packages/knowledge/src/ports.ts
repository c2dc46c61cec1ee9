/** A file type that documents are read from. */
export type DocumentKind = "text" | "markdown" | "html" | "pdf" | "docx" | "csv" | "json" | "code";

/** A document to read. */
export type SourceFile = {
  /** Where its bytes are. */
  readonly path: string;
  /** Its name, as its owner gave it. */
  readonly name: string;
  readonly kind: DocumentKind;
};

/** A part of a document's text that has a place of its own: under a heading, on a page, of a table. */
export type TextBlock = {
  /** From here up to `end` of the document's text, in UTF-16 units. */
  readonly start: number;
  readonly end: number;
  readonly kind: "paragraph" | "heading" | "list" | "table" | "code";
  /** The headings that it stands under, outermost first. */
  readonly headings: readonly string[];
  /** Counted from 1; undefined where the format has no pages. */
  readonly page?: number;
};

/** What was read out of a document: its text, and how it is divided. */
export type ReadDocument = { readonly text: string; readonly blocks: readonly TextBlock[] };

/** A piece of a document that is searched for and quoted as one. */
export type Passage = {
  /** Counted from 0, in the order of the text. */
  readonly position: number;
  /** Where it stands in the document's text, in UTF-16 units. Neighbours overlap. */
  readonly start: number;
  readonly end: number;
  readonly headings: readonly string[];
  readonly page?: number;
  /** The text between `start` and `end`. */
  readonly content: string;
};

/** How large passages are, in characters. */
export type PassageSizes = {
  /** What a passage should have. */
  readonly target: number;
  /** What it never exceeds. */
  readonly max: number;
  /** How much of its predecessor it begins with. */
  readonly overlap: number;
};

/** What reading one document may cost. */
export type ReadLimits = {
  readonly seconds: number;
  /** Of the reading process, in bytes. */
  readonly memoryBytes: number;
  /** What the text of a document may have. */
  readonly textCharsMax: number;
};

/** Reads documents and cuts them into passages, in a process of its own. */
export type DocumentReader = {
  /**
   * Reads a document. Its passages come in batches, and the next batch is made when the last one was taken.
   *
   * @throws DomainError `document_unreadable`, with one sentence for the document's owner: no such format, broken,
   *   encrypted, too large when unpacked, took too long. The abort's reason after an abort.
   */
  read(file: SourceFile, options: { readonly signal: AbortSignal }): AsyncIterable<readonly Passage[]>;
  close(): Promise<void>;
};

/** Turns texts into vectors. */
export type Embedder = {
  /** The model's name, as bases name it. */
  readonly model: string;
  /**
   * One vector for each text, in their order, all of one length. They need not be of length one.
   *
   * @throws DomainError as the gateway's calls do; `upstream_unavailable` for an answer that is none: a wrong count, lengths
   *   that differ, numbers that are none.
   */
  embed(texts: readonly string[], options: EmbedOptions): Promise<readonly Float32Array[]>;
};

/** What an embedder needs beside the texts. */
export type EmbedOptions = {
  readonly signal: AbortSignal;
  /** Whether the texts are questions or what is searched. */
  readonly purpose: "query" | "passage";
  /** Who pays. */
  readonly userId: number;
  /** Learns of a text that the model takes only so many characters of; its vector is that of these. */
  readonly onCut?: (index: number, chars: number) => void;
};

/** Something to look for. */
export type KnowledgeQuery = {
  readonly text: string;
  /** The bases to look in; who may read them was decided before. */
  readonly baseIds: readonly string[];
  /** Only passages of these documents. */
  readonly documentIds?: readonly string[] | undefined;
  /** How many passages at most. */
  readonly limit: number;
  /** @default hybrid */
  readonly mode?: "lexical" | "vector" | "hybrid" | undefined;
  readonly userId: number;
};

/** A passage that was found, best first. */
export type FoundPassage = {
  readonly passageId: number;
  readonly baseId: string;
  readonly documentId: string;
  readonly documentName: string;
  readonly passage: Passage;
  /** Of the joined ranks: between 0 and 1, larger is better; to be compared within one search only. */
  readonly score: number;
  /** Where it stood in each of the lists that were joined, from 1; undefined: not in it. */
  readonly lexicalRank?: number | undefined;
  readonly vectorRank?: number | undefined;
  /** The parts of `passage.content` that the question's words were found at, in UTF-16 units of it. */
  readonly highlights: readonly { readonly start: number; readonly end: number }[];
};

/** What a search came to. */
export type FoundPassages = {
  /** Best first. */
  readonly passages: readonly FoundPassage[];
  /** Why there was no vector of the question, where there should have been one: what was found was found by its words. */
  readonly failure?: Error | undefined;
};

/** Finds passages; the work is done in a thread of its own. */
export type KnowledgeSearch = {
  /**
   * Finds the passages of some bases that suit a question best. Whatever the question looks like, it is never syntax.
   *
   * @throws DomainError `overloaded` when too many wait, or the search was given up; `shutting_down`; in the mode `vector` also
   *   as the embedder does. The abort's reason after an abort.
   */
  search(query: KnowledgeQuery, options: { readonly signal: AbortSignal }): Promise<FoundPassages>;
  close(): Promise<void>;
};
