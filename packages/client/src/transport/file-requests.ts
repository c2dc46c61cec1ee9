import type { FetchFunction } from "../client-options.ts";
import { LlmBackendError } from "../error/llm-backend-error.ts";
import { fromResponse, toCancelled, toUnreachable } from "../error/to-llm-backend-error.ts";
import type { TokenSource } from "../session/token-source.ts";
import type { ErrorCode } from "../wire-types.ts";

/** What requests with files are made with. */
export type FileRequestsDeps = {
  /** Where the server's procedures are: the files are beside them. */
  readonly url: URL;
  readonly fetch: FetchFunction;
  readonly tokens: TokenSource;
};

/** A request with a file, or for one. Resolves with whatever the server answers. @throws LlmBackendError */
export type FileRequest = (
  url: string,
  init: RequestInit & { signal?: AbortSignal | null },
) => Promise<Response>;

/** Creates requests that ask once more with another token, where there is one: the server refuses before it reads. */
export function createFileRequests(deps: FileRequestsDeps): FileRequest {
  async function send(url: string, init: RequestInit, token: string | undefined): Promise<Response> {
    const headers = new Headers(init.headers);
    if (token !== undefined) headers.set("authorization", `Bearer ${token}`);
    try {
      return await deps.fetch(url, { ...init, headers });
    } catch (cause) {
      throw init.signal?.aborted === true ? toCancelled(init.signal) : toUnreachable(cause);
    }
  }

  return async (url, init) => {
    const token = await deps.tokens.get();
    const response = await send(url, init, token);
    if (response.status !== 401) return response;
    const renewed = await deps.tokens.renew(token);
    return renewed === undefined ? response : send(url, init, renewed);
  };
}

/** Reads a refusal; several codes share a status. */
export async function toFileError(response: Response): Promise<LlmBackendError> {
  const body: unknown = await response.json().catch(() => undefined);
  const error = fromResponse(response, { body });
  const code = response.headers.get("x-error-code") as ErrorCode | null;
  if (code === null) return error;
  const { message, retryAfterMs, httpStatus } = error;
  const retryable = error.retryable && code !== "quota_exceeded";
  return new LlmBackendError(code, message, { retryable, retryAfterMs, httpStatus });
}
