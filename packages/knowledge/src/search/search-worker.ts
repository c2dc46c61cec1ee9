// The thread in which knowledge bases are searched: everything in it blocks, and nobody else waits.
import { parentPort, workerData } from "node:worker_threads";
import { openKnowledgeReader } from "@llm-backend/storage";
import { VectorIndex } from "../vector/vector-index.ts";
import { runSearch } from "./run-search.ts";
import type { FromSearchThread, SearchThreadData, ToSearchThread } from "./search-messages.ts";
import { SearchedBases } from "./searched-bases.ts";

class GivenUp extends Error {}

const { path, vectorBytesMax, lateMs } = workerData as SearchThreadData;
const reader = openKnowledgeReader(path);
const vectors = new VectorIndex(reader, vectorBytesMax);
const bases = new SearchedBases(reader, vectors);

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
const answer = (message: FromSearchThread) => parentPort?.postMessage(message);

parentPort?.on("message", ({ number, request, isGivenUp }: ToSearchThread) => {
  const lateAt = performance.now() + lateMs;
  const check = () => {
    if (Atomics.load(isGivenUp, 0) !== 0) throw new GivenUp();
  };
  try {
    check();
    const found = runSearch({ reader, bases, vectors }, request, {
      check,
      isLate: () => performance.now() > lateAt,
    });
    answer({ number, type: "answer", answer: found });
  } catch (error) {
    if (error instanceof GivenUp) answer({ number, type: "given-up" });
    else answer({ number, type: "failure", message: error instanceof Error ? error.message : String(error) });
  }
});

answer({ type: "ready" });
