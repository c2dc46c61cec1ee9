import { errorCodes, type ErrorCode } from "./error-codes.ts";

const mark = Symbol.for("llm-backend.domain-error");

/** What a caller may learn beside code and message. Never a secret, a path or a driver's text. */
export type ErrorDetails = {
  /** After how many milliseconds another try makes sense. */
  readonly retryAfterMs?: number;
  /** The fields that are wrong, as dotted paths with one sentence each. */
  readonly issues?: readonly { readonly path: string; readonly message: string }[];
  /** What the failure was about, where a reader of logs needs it. */
  readonly upstreamStatus?: number;
};

/** The options of a {@link DomainError}. */
export type DomainErrorOptions = { readonly details?: ErrorDetails; readonly cause?: unknown };

/**
 * The one error class of the system. Services throw it, each face maps it once by its row in `errorCodes`.
 * Recognise it with `DomainError.is`: the mark survives a second copy of this package in one process.
 */
export class DomainError extends Error {
  override readonly name = "DomainError";
  readonly code: ErrorCode;
  readonly details: ErrorDetails | undefined;

  constructor(code: ErrorCode, message?: string, options: DomainErrorOptions = {}) {
    super(
      message ?? errorCodes[code].publicMessage,
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    Object.defineProperty(this, mark, { value: true });
    this.code = code;
    this.details = options.details;
  }

  /** Tells a domain error from any other value. */
  static is(value: unknown): value is DomainError {
    return typeof value === "object" && value !== null && mark in value;
  }
}

/**
 * Finds the domain error in what a call threw: the value itself, or the first one down its causes.
 * tRPC wraps what an awaited call throws and passes on raw what a generator throws; this looks through both.
 */
export function findDomainError(value: unknown): DomainError | undefined {
  let current = value;
  for (let depth = 0; depth < 8 && current !== null && current !== undefined; depth++) {
    if (DomainError.is(current)) return current;
    current = current instanceof Error ? current.cause : undefined;
  }
  return undefined;
}

/** The sentence of an error that may be shown to any caller. */
export function toPublicMessage(error: DomainError): string {
  const row = errorCodes[error.code];
  return row.shown ? error.message : row.publicMessage;
}
