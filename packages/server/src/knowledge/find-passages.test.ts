import { DomainError, type SearchKnowledgeInput } from "@llm-backend/contract";
import type { FoundPassages, KnowledgeQuery } from "@llm-backend/knowledge";
import type { Storage } from "@llm-backend/storage";
import { describe, expect, it } from "vitest";
import type { Viewer } from "../auth/viewer.ts";
import { createPassageFinder } from "./find-passages.ts";

const ask = { userId: 1, baseIds: ["kb_1", "kb_2"], text: "Why?", topK: undefined };
const never = new AbortController().signal;

function setUp(search: (query: KnowledgeQuery, signal: AbortSignal) => Promise<FoundPassages>) {
  const bases = { listMayRead: () => Promise.resolve(["kb_1"]) };
  return createPassageFinder({
    // Only who may read what is asked of it.
    storage: { bases } as object as Storage,
    search: { search: (query, { signal }) => search(query, signal) },
    settings: { topK: 4, contextTokensMax: 1000, lookUpMsMax: 20 },
  });
}

const untilAborted = (_query: KnowledgeQuery, signal: AbortSignal) =>
  new Promise<FoundPassages>((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason as Error);
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
  });

describe("a question that is looked up", () => {
  it("is looked for in what its user may read, for as many passages as are usual", async () => {
    const asked: KnowledgeQuery[] = [];
    await setUp((query) => {
      asked.push(query);
      return Promise.resolve({ passages: [] });
    }).lookUps.find({ ...ask, text: `${"a".repeat(9999)}😀` }, { signal: never });
    expect(asked).toMatchObject([{ userId: 1, baseIds: ["kb_1"], limit: 4 }]);
    // Cut in the middle of a character, it would be no text any more.
    expect(asked[0]?.text.isWellFormed()).toBe(true);
  });

  it("is given up when it takes too long", async () => {
    const failure = await setUp(untilAborted)
      .lookUps.find(ask, { signal: never })
      .catch((error: unknown) => error);
    expect(DomainError.is(failure) && failure.code).toBe("upstream_timeout");
  });

  it("is given up with its run", async () => {
    const leaving = new AbortController();
    const found = setUp(untilAborted).lookUps.find(ask, { signal: leaving.signal });
    leaving.abort(new DomainError("cancelled"));
    await expect(found).rejects.toBe(leaving.signal.reason);
  });

  it("finds nothing where it says nothing", async () => {
    const { find } = setUp(() => Promise.reject(new Error("asked"))).lookUps;
    expect(await find({ ...ask, text: " \n" }, { signal: never })).toEqual({ passages: [] });
  });
});

describe("a search", () => {
  const input: SearchKnowledgeInput = { text: "Why?", baseIds: ["kb_1"], limit: 5, mode: "hybrid" };

  it("leaves the others room in the line: one user has only so many under way", async () => {
    const leaving = new AbortController();
    const finder = setUp(untilAborted);
    const search = (userId: number) =>
      finder
        .search({ userId } as Viewer, input, { signal: leaving.signal })
        .catch((error: unknown) => (DomainError.is(error) ? error.code : error));
    const first = Array.from({ length: 10 }, () => search(1));
    expect(await search(1)).toBe("rate_limited");
    const other = search(2);
    leaving.abort(new DomainError("cancelled"));
    expect(new Set(await Promise.all([...first, other]))).toEqual(new Set(["cancelled"]));
    // Each place is free again.
    expect(await search(1)).toBe("cancelled");
  });
});
