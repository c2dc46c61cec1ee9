import { pino, stdTimeFunctions, type Logger } from "pino";
import { createLogDestination, type LogDestination } from "./log-destination.ts";
import { toBoundedLine, toPrettyLine } from "./log-line.ts";
import { scrubJsonLine } from "./scrub-secrets.ts";
import { toLoggable } from "./to-loggable.ts";

/** What the log takes from the configuration. */
export type LogConfig = {
  readonly level: "trace" | "debug" | "info" | "warn" | "error" | "fatal" | "silent";
  /** `auto`: for people on a terminal, else JSON. */
  readonly format: "auto" | "json" | "pretty";
};

/** The log of the process. */
export type ServerLog = {
  readonly logger: Logger;
  readonly droppedCount: () => number;
  /** Waits for the last lines, before the process ends. */
  readonly flush: () => Promise<void>;
};

/**
 * Creates the log: JSON lines of at most 8 KiB on standard output, free of secrets.
 * Fields that are named like secrets are redacted at any depth; texts lose whatever looks like a key or a token.
 *
 * @param destination - Where lines go. @default standard output
 */
export function createLogger(
  config: LogConfig,
  destination: LogDestination = createStandardOutput(),
): ServerLog {
  const isPretty = config.format === "pretty" || (config.format === "auto" && process.stdout.isTTY);
  const logger = pino(
    {
      level: config.level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }), log: toLoggableFields },
      // The formatter above has already turned errors into fields, wherever they stand.
      serializers: { err: (error: unknown) => error, error: (error: unknown) => error },
      hooks: {
        // Last, since messages, their parameters and a child's bindings pass no formatter.
        streamWrite(line) {
          const bounded = toBoundedLine(scrubJsonLine(line));
          return isPretty ? toPrettyLine(bounded) : bounded;
        },
      },
    },
    destination,
  );
  return { logger, droppedCount: destination.droppedCount, flush: destination.flush };
}

function toLoggableFields(fields: Record<string, unknown>): Record<string, unknown> {
  try {
    return toLoggable(fields) as Record<string, unknown>;
  } catch {
    // A getter that throws must not take the line, or the caller, down with it.
    return { unloggable: true };
  }
}

function createStandardOutput(): LogDestination {
  return createLogDestination((count) => {
    const entry = { level: "warn", time: new Date().toISOString(), dropped: count };
    return `${JSON.stringify({ ...entry, msg: "Log entries were dropped: standard output could not take them" })}\n`;
  });
}
