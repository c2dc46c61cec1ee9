import type { AnswerFault } from "../answer/answer-format.ts";
import { readProviderError, type ProviderError } from "../failure/provider-error.ts";

const messageCharsMax = 1000;

/** The fault of a stream in which the provider reports an error. */
export function toStreamFault(error: ProviderError): AnswerFault {
  return { outcome: "error_in_stream", message: error.message ?? error.kind, error };
}

/** The fault of an event that is called an error, whatever its data looks like. */
export function readEventFault(data: string, value: unknown): AnswerFault {
  const error = readProviderError(value, true);
  return toStreamFault(
    error ?? { message: data.slice(0, messageCharsMax), kind: "error", status: undefined },
  );
}
