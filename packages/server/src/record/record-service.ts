import {
  DomainError,
  type ListRecordsInput,
  type RecordDetail,
  type RecordPageView,
} from "@llm-backend/contract";
import type { RecordBodies, RecordEntry, RequestRecord, Storage } from "@llm-backend/storage";
import { toIdBound } from "../identity/new-id.ts";
import type { ForwardFacts, RunFacts } from "./record-facts.ts";
import { createRecordRoom } from "./record-room.ts";
import { defaultRecordSettings, toBodyCharsMax, type RecordSettings } from "./record-settings.ts";
import { createRecordTail, type TailOptions } from "./record-tail.ts";
import { toRecordView } from "./record-view.ts";
import { createRecordWriter, type RecordWriterLimits } from "./record-writer.ts";
import type { Shed } from "./shed-report.ts";
import { toForwardRecord } from "./to-forward-record.ts";
import { toRunRecord } from "./to-run-record.ts";

/** What the service stands on. */
export type RecordServiceDeps = {
  readonly storage: Storage;
  readonly settings?: Partial<RecordSettings> | undefined;
  readonly now: () => number;
  readonly onInternalError: (error: unknown) => void;
  /** Learns of what was not stored, at most once a minute. */
  readonly onShed?: ((shed: Shed) => void) | undefined;
  readonly writerLimits?: Partial<RecordWriterLimits>;
};

/** What was asked, of whom, and what came of it. */
export type RecordService = ReturnType<typeof createRecordService>;

const pollMs = 1000;
const followersMax = 32;

/** Creates the service. What it is given is written behind the requests; nothing that goes wrong here reaches them. */
export function createRecordService(deps: RecordServiceDeps) {
  const { storage, onInternalError } = deps;
  const settings: RecordSettings = { ...defaultRecordSettings, ...deps.settings };
  const tail = createRecordTail({ storage, pollMs, followersMax });
  const room = createRecordRoom({ ...settings, storage, now: deps.now, onError: onInternalError });
  const writer = createRecordWriter({
    async write(entries) {
      const totals = await storage.relaxedTransaction((tx) => tx.records.insert(entries));
      room.noteTotals(totals);
      tail.wake();
    },
    onShed: deps.onShed ?? ((shed) => onInternalError(toShedError(shed))),
    ...(deps.writerLimits === undefined ? {} : { limits: deps.writerLimits }),
  });

  function add(toEntry: () => RecordEntry): void {
    if (!settings.isEnabled) return;
    try {
      writer.add(toEntry());
    } catch (error) {
      onInternalError(error);
    }
  }

  return {
    settings,
    /** How many characters of an answer's text a record keeps; 0: none. */
    answerCharsMax: toBodyCharsMax(settings),

    /** Takes an entry that was made elsewhere. Never waits, never throws. */
    add: (entry: RecordEntry): void => add(() => entry),
    /** Records a call under /v1. Never waits, never throws. */
    addForward: (facts: ForwardFacts): void => add(() => toForwardRecord(facts, settings)),
    /** Records an answer of a conversation. Never waits, never throws. */
    addRun: (facts: RunFacts): void => add(() => toRunRecord(facts, settings)),

    /** A page of records, newest first, without their bodies. */
    async list(input: ListRecordsInput): Promise<RecordPageView> {
      const { cursor, limit, from, to, ...filter } = input;
      const page = await storage.records.list(
        {
          ...filter,
          fromId: from && toIdBound("req", from.getTime()),
          toId: to && toIdBound("req", to.getTime()),
        },
        { before: cursor, limit },
      );
      return { records: page.records.map(toRecordView), nextCursor: page.next ?? null };
    },

    /**
     * A record with its attempts and bodies.
     *
     * @throws DomainError `not_found`
     */
    async get(recordId: string): Promise<RecordDetail> {
      const record = await storage.records.find(recordId);
      if (record === undefined) throw new DomainError("not_found", "There is no such record.");
      const attempts = await storage.records.listAttempts(recordId);
      const bodies = (await storage.records.findBodies([recordId])).get(recordId);
      return {
        record: toRecordView(record),
        attempts,
        request: bodies?.request ?? null,
        answer: bodies?.answer ?? null,
      };
    },

    /** The latest records with their bodies, newest first: what the earlier gateway's administration shows. */
    async listLatest(
      limit: number,
    ): Promise<{ readonly record: RequestRecord; readonly bodies: RecordBodies | undefined }[]> {
      const { records } = await storage.records.list({}, { limit });
      const bodies = await storage.records.findBodies(records.map(({ id }) => id));
      return records.map((record) => ({ record, bodies: bodies.get(record.id) }));
    },

    /**
     * Follows records as they are written, here or by other processes, from behind a place in the order of writing.
     *
     * @throws DomainError `rate_limited`
     */
    async *follow(options?: TailOptions) {
      for await (const { seq, record } of tail.follow(options)) yield { seq, record: toRecordView(record) };
    },

    /** How much was written and shed since the start, and how much waits. */
    stats: () => writer.stats(),
    /** Writes everything that was added before. */
    flush: () => writer.flush(),
    /** Removes what is too old or too much, in small steps. */
    sweep: () => room.sweep(),
    /** Writes what waits, and takes no more. */
    async close(): Promise<void> {
      await writer.close();
      await room.close();
    },
  };
}

function toShedError({ entries, bodies, error }: Shed): Error {
  return new Error(`${entries} records, and the bodies of ${bodies} more, were not stored.`, {
    cause: error,
  });
}
