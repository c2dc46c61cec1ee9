import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DocumentReader, Passage, SourceFile } from "../../src/ports.ts";
import { createDocumentReader, type DocumentReaderOptions } from "../../src/read/create-document-reader.ts";
import { getDocumentKind } from "../../src/read/document-kind.ts";

/** A reader, and a folder to put documents into. */
export type Reading = AsyncDisposable & {
  readonly reader: DocumentReader;
  /** Puts a document into the folder; its kind is what its name and content say. */
  store(name: string, content: string | Uint8Array): Promise<SourceFile>;
  /** Stores a document and reads all of it. */
  readAll(name: string, content: string | Uint8Array): Promise<Passage[]>;
};

const neverAborted = new AbortController().signal;

/** Starts reading with limits that no harmless document comes near to. */
export async function startReading(options: Partial<DocumentReaderOptions> = {}): Promise<Reading> {
  const folder = await mkdtemp(join(tmpdir(), "documents-"));
  const reader = createDocumentReader({
    limits: { seconds: 20, memoryBytes: 400 * 1024 * 1024, textCharsMax: 2_000_000 },
    sizes: { target: 1000, max: 1500, overlap: 150 },
    processesMax: 1,
    ...options,
  });
  const store = async (name: string, content: string | Uint8Array): Promise<SourceFile> => {
    const path = join(folder, name);
    const bytes = Buffer.from(content);
    await writeFile(path, bytes);
    return { path, name, kind: getDocumentKind(name, bytes.subarray(0, 4096)) };
  };
  return {
    reader,
    store,
    async readAll(name, content) {
      const batches = await Array.fromAsync(
        reader.read(await store(name, content), { signal: neverAborted }),
      );
      return batches.flat();
    },
    async [Symbol.asyncDispose]() {
      await reader.close();
      await rm(folder, { recursive: true });
    },
  };
}

/** What all passages say, where they do not overlap. */
export function toWholeText(passages: readonly Passage[]): string {
  let end = 0;
  let text = "";
  for (const { start, content } of passages) {
    text += start >= end ? `${text === "" ? "" : "\n\n"}${content}` : content.slice(end - start);
    end = start + content.length;
  }
  return text;
}
