import type { Passage, PassageSizes, SourceFile } from "../ports.ts";

/** What a reading process is told. Each but `drop` is answered once. */
export type ToReading =
  /** Read a document, and answer with its first passages. */
  | {
      readonly type: "read";
      readonly file: SourceFile;
      readonly sizes: PassageSizes;
      readonly textCharsMax: number;
      readonly batchSize: number;
    }
  /** Answer with the next passages. */
  | { readonly type: "next" }
  /** Forget the document. */
  | { readonly type: "drop" };

/** What is answered, each by one reply. */
export type Question = Exclude<ToReading, { readonly type: "drop" }>;

/** That it can be asked, and what it answers. */
export type FromReading = { readonly type: "ready" } | Reply;

export type Reply =
  /** The next passages; with `isLast` the document is forgotten. */
  | { readonly type: "passages"; readonly passages: readonly Passage[]; readonly isLast: boolean }
  /** The document cannot be read; the sentence is for its owner. */
  | { readonly type: "unreadable"; readonly sentence: string }
  /** The file itself cannot be got at. */
  | { readonly type: "broken"; readonly message: string };
