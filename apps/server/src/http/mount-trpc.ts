import { DomainError } from "@llm-backend/contract";
import { appRouter, mapError, requireShallowText, type Context } from "@llm-backend/server";
import { fastifyRequestHandler, type FastifyTRPCPluginOptions } from "@trpc/server/adapters/fastify";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { isSubscription, sendSubscription } from "./subscription-stream.ts";

/** Where the procedures are mounted. */
export const trpcPath = "/trpc";

/** What the face needs of its host. */
export type TrpcOptions = {
  readonly createContext: (request: FastifyRequest) => Context;
  readonly onInternalError: (error: unknown, request: FastifyRequest | undefined) => void;
  readonly batchCallsMax: number;
};

/** Mounts all procedures under `/trpc`: queries, mutations, and subscriptions as server-sent events. */
export function mountTrpc(app: FastifyInstance, options: TrpcOptions): void {
  const trpcOptions: FastifyTRPCPluginOptions<typeof appRouter>["trpcOptions"] = {
    router: appRouter,
    // Inputs longer than a URL travel as a body.
    allowMethodOverride: true,
    maxBatchSize: options.batchCallsMax,
    createContext({ req, info }) {
      // Each guess at a password is a request of its own, for the limits to count.
      if (info.calls.length > 1 && info.calls.some((call) => call.path.startsWith("auth."))) {
        throw new DomainError("invalid_input", "Calls of auth cannot be batched.");
      }
      return options.createContext(req);
    },
    onError({ error, req }) {
      if (mapError(error).reason === "internal") options.onInternalError(error, req);
    },
    responseMeta({ errors, eagerGeneration }) {
      const waits = errors.map((error) => mapError(error).details.retryAfterMs ?? 0);
      const retryAfterMs = Math.max(0, ...waits);
      return {
        headers: {
          // What tRPC refuses before it looks for the procedure would go out as text.
          ...(eagerGeneration ? {} : { "content-type": "application/json" }),
          ...(retryAfterMs === 0 ? {} : { "retry-after": String(Math.ceil(retryAfterMs / 1000)) }),
        },
      };
    },
  };
  void app.register(
    (scope, _options, done) => {
      scope.removeAllContentTypeParsers();
      // Nothing but JSON is read: tRPC would hand files and streams to procedures that know neither.
      scope.addContentTypeParser("application/json", { parseAs: "buffer" }, (_request, body, parsed) =>
        readText(body, parsed),
      );
      scope.all("/:path", (req, res) => {
        const { path } = req.params as { path: string };
        if (streams(req, path)) {
          const { createContext, onInternalError } = options;
          const context = createContext(req);
          return sendSubscription({ request: req, reply: res, path, context, onInternalError });
        }
        return fastifyRequestHandler({ ...trpcOptions, req, res, path });
      });
      done();
    },
    { prefix: trpcPath },
  );
}

/** Tells a subscription that is asked for as it can be answered; tRPC says what is wrong with every other request. */
function streams(request: FastifyRequest, path: string): boolean {
  const isBatch = (request.query as Readonly<Record<string, unknown>>).batch !== undefined;
  return isSubscription(path) && !isBatch && (request.method === "GET" || request.method === "POST");
}

/** Reads a body as text; what is no UTF-8 is refused, and not stored with other characters in its place. */
function readText(body: string | Buffer, parsed: (error: Error | null, text?: string) => void): void {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(body as Buffer);
  } catch (cause) {
    parsed(new DomainError("invalid_input", "The body is not valid UTF-8.", { cause }));
    return;
  }
  try {
    requireShallowText(text);
  } catch (error) {
    parsed(error as Error);
    return;
  }
  parsed(null, text);
}
