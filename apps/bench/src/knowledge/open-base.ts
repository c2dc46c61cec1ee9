import { setTimeout as delay } from "node:timers/promises";
import { callForResult } from "../prove/stage/call.ts";

/** Where a base is, and whose. */
export type BasePlace = { readonly url: string; readonly token: string };

/** A passage that was found. */
export type Hit = {
  readonly documentName: string;
  readonly headings: readonly string[];
  readonly content: string;
};

type Document = {
  readonly documentId: string;
  readonly name: string;
  readonly state: string;
  readonly passageCount: number;
  readonly failure: { readonly message: string } | null;
};

/** Makes a knowledge base and answers with what can be done with it, all of it over the server's own faces. */
export async function openBase(place: BasePlace, name: string) {
  const ask = <T>(kind: "query" | "mutation", path: string, input: object) =>
    callForResult<T>(kind, { ...place, path: `knowledge.${path}`, input });
  const { baseId } = await ask<{ baseId: string }>("mutation", "createBase", { name });

  async function listDocuments(): Promise<Document[]> {
    const all: Document[] = [];
    for (let cursor: string | null | undefined; cursor !== null;) {
      const page = await ask<{ documents: Document[]; nextCursor: string | null }>(
        "query",
        "documents.list",
        { baseId, limit: 100, ...(cursor !== undefined && { cursor }) },
      );
      all.push(...page.documents);
      cursor = page.nextCursor;
    }
    return all;
  }

  return {
    /** Stores a document, which is read afterwards. */
    async upload(document: { readonly name: string; readonly text: string }): Promise<void> {
      const form = new FormData();
      form.set("kb_id", baseId);
      form.set("file", new Blob([document.text]), document.name);
      const answered = await fetch(`${place.url}/api/rag/doc/upload`, {
        method: "POST",
        headers: { authorization: `Bearer ${place.token}` },
        body: form,
      });
      const text = await answered.text();
      if (!answered.ok) throw new Error(`${document.name} was refused with ${answered.status}: ${text}`);
    },

    /** Resolves when all documents can be searched, with how many passages they have. */
    async untilReady(): Promise<number> {
      for (;;) {
        const documents = await listDocuments();
        const failed = documents.find(({ state }) => state === "failed" || state === "cancelled");
        if (failed !== undefined)
          throw new Error(`${failed.name}: ${failed.failure?.message ?? failed.state}`);
        if (documents.every(({ state }) => state === "ready")) {
          return documents.reduce((sum, { passageCount }) => sum + passageCount, 0);
        }
        await delay(50);
      }
    },

    /** Reads all passages. */
    async readPassages(): Promise<Hit[]> {
      const all: Hit[] = [];
      for (const { documentId, name: documentName } of await listDocuments()) {
        for (let cursor: number | null | undefined; cursor !== null;) {
          const page = await ask<{ passages: Omit<Hit, "documentName">[]; nextCursor: number | null }>(
            "query",
            "documents.passages",
            { baseId, documentId, limit: 200, ...(cursor !== undefined && { cursor }) },
          );
          all.push(...page.passages.map((passage) => ({ ...passage, documentName })));
          cursor = page.nextCursor;
        }
      }
      return all;
    },

    async search(text: string, options: { readonly limit: number; readonly mode: string }): Promise<Hit[]> {
      const input = { text, baseIds: [baseId], ...options };
      return (await ask<{ passages: Hit[] }>("query", "search", input)).passages;
    },
  };
}

/** A knowledge base of the benchmark. */
export type OpenBase = Awaited<ReturnType<typeof openBase>>;
