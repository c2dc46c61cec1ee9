import { DomainError, errorCodes, findDomainError, toPublicMessage } from "@llm-backend/contract";
import type { KnowledgeFailure } from "@llm-backend/storage";
import type { IngestSettings } from "./ingest-ports.ts";

/** What is done about a job that failed. */
export type Verdict = {
  /** What its owner is told. */
  readonly failure: KnowledgeFailure;
  /** After how many milliseconds it is tried again; undefined: not by itself. */
  readonly retryMs: number | undefined;
  /** It is nobody's fault but ours. */
  readonly isInternal: boolean;
};

/** A fault of ours may pass, but not for long. */
const internalTriesMax = 3;

/**
 * Judges what a job failed with.
 *
 * @param tries - How often it was tried since it last got ahead, this time included.
 */
export function judgeFailure(
  error: unknown,
  tries: number,
  settings: Pick<IngestSettings, "triesMax" | "retryMs" | "retryMsMax">,
): Verdict {
  const domainError = findDomainError(error) ?? new DomainError("internal", undefined, { cause: error });
  const isInternal = domainError.code === "internal";
  const triesMax = isInternal ? internalTriesMax : settings.triesMax;
  const mayPass = isInternal || isPassing(domainError);
  return {
    failure: { code: domainError.code, message: toPublicMessage(domainError) },
    retryMs: mayPass && tries < triesMax ? chooseWait(domainError, tries, settings) : undefined,
    isInternal,
  };
}

/** Whether the same may succeed later. What names the fields that are wrong is wrong for good. */
function isPassing({ code, details }: DomainError): boolean {
  return errorCodes[code].retryable && details?.issues === undefined;
}

function chooseWait(
  { details }: DomainError,
  tries: number,
  { retryMs, retryMsMax }: Pick<IngestSettings, "retryMs" | "retryMsMax">,
): number {
  const growing = Math.min(retryMs * 2 ** (tries - 1), retryMsMax);
  return Math.max(growing, details?.retryAfterMs ?? 0);
}
