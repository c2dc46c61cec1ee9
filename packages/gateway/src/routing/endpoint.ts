import { DomainError } from "@llm-backend/contract";

/** Where an upstream's paths begin. */
export type Endpoint = {
  readonly origin: string;
  /** Host and port, to be kept out of messages. */
  readonly host: string;
  /** What stands before `/chat/completions`; without a slash at its end. */
  readonly basePath: string;
  /** A query that goes with every request (`?api-version=…`), or nothing. */
  readonly search: string;
};

/**
 * Reads a base URL. One rule, so that an operator can know what is asked:
 *
 * 1. Slashes at the end mean nothing.
 * 2. No path: `/v1` is added. `https://api.openai.com` → `/v1/chat/completions`.
 * 3. Any path is taken as it is, with or without a version in it. `https://host/api/paas/v4` →
 *    `/api/paas/v4/chat/completions`; `https://host/openai` → `/openai/chat/completions`, and a server that wants
 *    `/openai/v1` is written so.
 * 4. A URL that ends in `/chat/completions` is what it says: what stands before that is the base, even if that is
 *    nothing. `https://api.perplexity.ai/chat/completions` → `/chat/completions`.
 *
 * @throws DomainError `invalid_input` for anything but an http or https URL without a user or password in it.
 */
export function readEndpoint(text: string): Endpoint {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.username !== "" || url.password !== "")
    throw new DomainError(
      "invalid_input",
      "An endpoint is an http or https URL without a user or password in it.",
    );
  const path = url.pathname.replace(/\/+$/, "");
  const complete = /^(.*)\/chat\/completions$/.exec(path);
  const { origin, host, search } = url;
  return { origin, host, basePath: complete?.[1] ?? (path === "" ? "/v1" : path), search };
}

/** The path of one call: `suffix` is what stands after the version in OpenAI's paths, such as `/chat/completions`. */
export function toPath({ basePath, search }: Endpoint, suffix: string): string {
  return `${basePath}${suffix}${search}`;
}
