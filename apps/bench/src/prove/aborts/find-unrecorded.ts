import { setTimeout as delay } from "node:timers/promises";
import { callForResult } from "../stage/call.ts";

/** The books of a server, as an administrator reads them. */
export type Books = { readonly url: string; readonly token: string };

/** The models that have to be in the books. */
export type Expected = {
  /** Of all calls that an upstream was asked for. */
  readonly asked: readonly string[];
  /** Of those of which some text had come: it is charged beside the prompt. */
  readonly said: readonly string[];
};

/** Which models have no entry. */
export type Unrecorded = {
  readonly withoutRecord: readonly string[];
  readonly withoutUsage: readonly string[];
  readonly withoutLine: readonly string[];
};

/** Books are written behind the requests. */
const writtenMsMax = 20_000;

/** Looks for the records and the lines of the ledger, until all are there or it has been long enough. */
export async function findUnrecorded(books: Books, { asked, said }: Expected): Promise<Unrecorded> {
  const deadline = performance.now() + writtenMsMax;
  for (;;) {
    const recorded = await listRecorded(books);
    const lines = await listLines(books);
    const found = {
      withoutRecord: asked.filter((model) => !recorded.has(model)),
      withoutUsage: asked.filter((model) => !hasUsage(recorded.get(model), said.includes(model))),
      withoutLine: asked.filter((model) => !lines.has(model)),
    };
    const isWhole = Object.values(found).every(({ length }) => length === 0);
    if (isWhole || performance.now() > deadline) return found;
    await delay(500);
  }
}

type Recorded = {
  readonly model: string | null;
  readonly usage: { readonly promptTokens?: number; readonly completionTokens?: number };
  readonly usageSource: string;
};

function hasUsage(recorded: Recorded | undefined, hasText: boolean): boolean {
  if (recorded === undefined || recorded.usageSource === "none") return false;
  const { promptTokens = 0, completionTokens = 0 } = recorded.usage;
  return promptTokens > 0 && (completionTokens > 0 || !hasText);
}

type Page = {
  readonly records?: readonly Recorded[];
  readonly rows?: readonly { readonly group: string | null; readonly requests: number }[];
  readonly nextCursor: string | null;
};

/** All records, by their model. */
async function listRecorded(books: Books): Promise<Map<string | null, Recorded>> {
  const pages = await readPages(books, "admin.record.list", { limit: 200 });
  return new Map(pages.flatMap((page) => page.records ?? []).map((record) => [record.model, record]));
}

/** The models of all lines of the ledger. */
async function listLines(books: Books): Promise<Set<string | null>> {
  const day = 86_400_000;
  const period = { from: new Date(Date.now() - day), to: new Date(Date.now() + day) };
  const pages = await readPages(books, "usage.list", { ...period, owner: "all", by: "model", limit: 100 });
  return new Set(pages.flatMap(({ rows = [] }) => rows).map(({ group }) => group));
}

async function readPages({ url, token }: Books, path: string, input: object): Promise<Page[]> {
  const pages: Page[] = [];
  for (let cursor: string | null | undefined; cursor !== null;) {
    const given = cursor === undefined ? input : { ...input, cursor };
    const page = await callForResult<Page>("query", { url, token, path, input: given });
    pages.push(page);
    cursor = page.nextCursor;
  }
  return pages;
}
