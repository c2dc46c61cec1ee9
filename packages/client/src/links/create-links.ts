import type { AppRouter } from "@llm-backend/server";
import { httpBatchLink, httpLink, splitLink, type Operation, type TRPCLink } from "@trpc/client";
import type { FetchFunction } from "../client-options.ts";
import { fromResponse } from "../error/to-llm-backend-error.ts";
import type { RetryOptions } from "../retry/backoff.ts";
import type { TokenSource } from "../session/token-source.ts";
import type { Transport } from "../transport/transport.ts";
import { callLink, needsToken, noteToken } from "./call-link.ts";
import { subscriptionLink } from "./subscription-link.ts";
import { wireTransformer } from "./wire-transformer.ts";

/** What the links need. */
export type LinkOptions = {
  readonly url: URL;
  readonly fetch: FetchFunction;
  readonly tokens: TokenSource;
  readonly transport: Transport;
  readonly retry: RetryOptions | undefined;
  readonly closing: AbortSignal;
};

/** The server takes no more in one batch, nor URLs of more than 8 KiB. */
const batchCallsMax = 10;
const urlCharsMax = 4096;

/** Decides how each call travels. */
export function createLinks(options: LinkOptions): TRPCLink<AppRouter>[] {
  const { url, tokens } = options;
  const http = { url, fetch: toLinkFetch(options.fetch), transformer: wireTransformer };
  const toHeaders = (ops: readonly Operation[]) => writeHeaders(ops, tokens);
  const single = { ...http, headers: ({ op }: { op: Operation }) => toHeaders([op]) };
  return [
    splitLink({
      condition: (op) => op.type === "subscription",
      true: subscriptionLink(options),
      false: [
        callLink(tokens),
        splitLink({
          condition: (op) => op.type === "query" && isLong(op.input),
          true: httpLink({ ...single, methodOverride: "POST" }),
          false: splitLink({
            condition: travelsAlone,
            true: httpLink(single),
            false: httpBatchLink({
              ...http,
              headers: ({ opList }) => toHeaders(opList),
              maxItems: batchCallsMax,
              maxURLLength: urlCharsMax,
            }),
          }),
        }),
      ],
    }),
  ];
}

type LinkFetch = NonNullable<Parameters<typeof httpLink<AppRouter>>[0]["fetch"]>;

/** tRPC reads every answer as JSON; what is none would be an error without the status that explains it. */
function toLinkFetch(fetch: FetchFunction): LinkFetch {
  return async (input, init) => {
    const url = input instanceof Request ? input.url : input.toString();
    const response = await fetch(url, init as RequestInit);
    const { ok, status, headers } = response;
    const body = readJson(await response.text());
    if (body === undefined) throw fromResponse(response, { body });
    return { ok, status, headers, json: () => Promise.resolve(body) };
  };
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function writeHeaders(ops: readonly Operation[], tokens: TokenSource): Promise<Record<string, string>> {
  if (!ops.some((op) => needsToken(op.path))) return {};
  const token = await tokens.get();
  for (const op of ops) noteToken(op, token);
  return token === undefined ? {} : { authorization: `Bearer ${token}` };
}

/** Each guess at a password is a request of its own, and nothing waits for the start or the stop of an answer. */
function travelsAlone(op: Operation): boolean {
  return op.path.startsWith("auth.") || op.type === "mutation";
}

/** Whether an input is too long for a URL, or cannot stand in one. */
function isLong(input: unknown): boolean {
  try {
    return encodeURIComponent(JSON.stringify(wireTransformer.serialize(input))).length > urlCharsMax - 512;
  } catch {
    return true;
  }
}
