import type { Logger } from "pino";

/** Looks after the log that a database writes before its file. */
export type DatabaseLogWatch = Disposable & {
  /** Its size at the last look. */
  readonly bytes: () => number;
};

/** What is looked after, and how often. */
export type DatabaseLogOptions = {
  readonly storage: { trimLog(): Promise<number> };
  readonly logger: Pick<Logger, "warn" | "info">;
  readonly everyMs?: number;
  /** What a log is allowed to have while somebody reads. */
  readonly alarmBytes?: number;
};

const defaultEveryMs = 10_000;
const defaultAlarmBytes = 256 * 1024 * 1024;

/** Begins to look: keeps the log small, and says so once when it grows all the same, since somebody reads for so long. */
export function watchDatabaseLog(options: DatabaseLogOptions): DatabaseLogWatch {
  const { storage, logger, everyMs = defaultEveryMs, alarmBytes = defaultAlarmBytes } = options;
  let bytes = 0;
  let isTold = false;

  async function look(): Promise<void> {
    try {
      bytes = await storage.trimLog();
    } catch {
      // A disk that fails, or a database that is closed, is somebody else's to tell of.
      return;
    }
    if (bytes > alarmBytes === isTold) return;
    isTold = !isTold;
    if (isTold) {
      logger.warn(
        { bytes },
        "The database's log grows: a program that reads from the database holds it; end what reads for so long",
      );
    } else {
      logger.info({ bytes }, "The database's log is small again");
    }
  }

  const timer = setInterval(() => void look(), everyMs).unref();
  return { bytes: () => bytes, [Symbol.dispose]: () => clearInterval(timer) };
}
