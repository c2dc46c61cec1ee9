import type { Storage } from "@llm-backend/storage";
import type { DocumentReader, Embedder } from "../ports.ts";

/** What taking in documents stands on. */
export type IngestDeps = {
  readonly storage: Storage;
  readonly reader: Pick<DocumentReader, "read">;
  /** The embedder of a model, as bases name it. */
  readonly embedder: (model: string) => Embedder;
  /** Names this process: its jobs are its own as long as it says so. */
  readonly owner: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Whether the process is short of something: then nothing is gone on with. @default it never is */
  readonly isUnderPressure?: (() => boolean) | undefined;
  /** To be called when there is something to remove: a content that was replaced. */
  readonly onLeftovers?: (() => void) | undefined;
  /** Learns of failures whose reason nobody is told. */
  readonly onInternalError: (error: unknown) => void;
  readonly settings?: Partial<IngestSettings> | undefined;
};

/** How jobs are worked on. */
export type IngestSettings = {
  /** How many at a time, in this process. */
  readonly jobsMax: number;
  /** How long a job stays with a process that is not heard of. */
  readonly leaseMs: number;
  /** How often it is looked whether a job under way is still wanted: another process may have cancelled it. */
  readonly lookMs: number;
  /** How often it is looked for jobs that nobody has told of. */
  readonly pollMs: number;
  /** How often a job is tried again that fails for a reason that passes. */
  readonly triesMax: number;
  /** How long it waits before that: doubled with each try, up to a limit. */
  readonly retryMs: number;
  readonly retryMsMax: number;
  /** With so many, a user gets no more documents whose text is far larger than their files. */
  readonly passagesPerUserMax: number;
};

/** What is set where nobody says otherwise: with these, an upstream may be gone for most of an hour. */
export const defaultIngestSettings: IngestSettings = {
  jobsMax: 2,
  leaseMs: 30_000,
  lookMs: 50,
  pollMs: 1000,
  triesMax: 20,
  retryMs: 1000,
  retryMsMax: 5 * 60_000,
  passagesPerUserMax: 4_000_000,
};
