import { errorCodes, type ErrorCode } from "./error-codes.ts";

/** The error object of OpenAI's format, as its clients read it. */
export type OpenAiError = {
  readonly message: string;
  readonly type: string;
  /** The field of the request that is wrong; null for what is about none. */
  readonly param: string | null;
  readonly code: string;
};

/** Writes an error of ours in OpenAI's format; `message` is what callers may be shown of it. */
export function toOpenAiError(code: ErrorCode, message: string, param: string | null = null): OpenAiError {
  const { type, openai } = errorCodes[code];
  return { message, type, param, code: openai };
}
