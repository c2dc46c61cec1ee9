/** A document's bytes, and what its reader has to keep to. */
export type ReaderInput = {
  readonly bytes: Uint8Array;
  readonly textCharsMax: number;
};
