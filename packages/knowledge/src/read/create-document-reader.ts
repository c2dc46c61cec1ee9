import { DomainError } from "@llm-backend/contract";
import type { DocumentReader, Passage, PassageSizes, ReadLimits, SourceFile } from "../ports.ts";
import { requireSizes } from "../split/require-sizes.ts";
import { createProcessPool } from "./process-pool.ts";
import type { Question, Reply } from "./reading-messages.ts";
import type { ReadingProcess } from "./reading-process.ts";

/** How documents are read and cut. */
export type DocumentReaderOptions = {
  /** What one document may cost. */
  readonly limits: ReadLimits;
  readonly sizes: PassageSizes;
  /** How many documents are read at a time, each by a process. @default 2 */
  readonly processesMax?: number;
  /** After how long without a document a process ends. @default 30_000 */
  readonly idleMs?: number;
  /** How many passages a batch has at most. @default 64 */
  readonly batchSize?: number;
};

/**
 * Creates a reader of documents. It starts its processes with the documents, and ends them when there are none.
 *
 * @throws RangeError for sizes that contradict each other.
 */
export function createDocumentReader(options: DocumentReaderOptions): DocumentReader {
  const { limits, sizes, processesMax = 2, idleMs = 30_000, batchSize = 64 } = options;
  requireSizes(sizes);
  const pool = createProcessPool({ limits, processesMax, idleMs });
  const closing = new AbortController();

  async function* read(
    file: SourceFile,
    signal: AbortSignal,
  ): AsyncGenerator<readonly Passage[], void, undefined> {
    const process = await pool.borrow(signal);
    let isHealthy = false;
    const kill = () => process.kill();
    signal.addEventListener("abort", kill, { once: true });
    try {
      const clock = createClock(limits.seconds);
      const { textCharsMax } = limits;
      let question: Question = { type: "read", file, sizes, textCharsMax, batchSize };
      for (let isLast = false; !isLast; question = { type: "next" }) {
        const reply = requirePassages(
          await clock.time((leftMs) => ask(process, { question, leftMs, signal })),
        );
        isLast = reply.isLast;
        // From here on, until it is asked for more, the process waits and is as good as new.
        isHealthy = true;
        if (reply.passages.length > 0) yield reply.passages;
        signal.throwIfAborted();
        isHealthy = isLast;
      }
    } finally {
      signal.removeEventListener("abort", kill);
      if (isHealthy) process.drop();
      pool.giveBack(process, isHealthy && (await process.isRoomy()));
    }
  }

  return {
    read: (file, { signal }) => read(file, AbortSignal.any([signal, closing.signal])),
    async close() {
      closing.abort(new DomainError("shutting_down"));
      await pool.close();
    },
  };
}

type Asking = {
  readonly question: Question;
  readonly leftMs: number;
  readonly signal: AbortSignal;
};

/** An abort kills the process; what is told of it is why it was aborted. */
async function ask(process: ReadingProcess, { question, leftMs, signal }: Asking): Promise<Reply> {
  try {
    signal.throwIfAborted();
    return await process.ask(question, leftMs);
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}

function requirePassages(reply: Reply): Extract<Reply, { type: "passages" }> {
  if (reply.type === "passages") return reply;
  if (reply.type === "unreadable") throw new DomainError("document_unreadable", reply.sentence);
  throw new DomainError("internal", `A document's file cannot be read: ${reply.message}`);
}

/** Counts the time that a document takes while the process is at work, not while somebody takes its passages. */
function createClock(seconds: number): {
  time<TValue>(work: (leftMs: number) => Promise<TValue>): Promise<TValue>;
} {
  let leftMs = seconds * 1000;
  return {
    async time(work) {
      const begun = performance.now();
      try {
        return await work(Math.max(1, leftMs));
      } finally {
        leftMs -= performance.now() - begun;
      }
    },
  };
}
