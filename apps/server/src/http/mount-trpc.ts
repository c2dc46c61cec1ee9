import { appRouter, mapError, type Context } from "@llm-backend/server";
import { fastifyTRPCPlugin, type FastifyTRPCPluginOptions } from "@trpc/server/adapters/fastify";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { DomainError } from "@llm-backend/contract";

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
      if (mapError(error).reason === "internal") options.onInternalError(error, req as FastifyRequest | undefined);
    },
    responseMeta({ errors }) {
      const waits = errors.map((error) => mapError(error).details.retryAfterMs ?? 0);
      const retryAfterMs = Math.max(0, ...waits);
      return retryAfterMs === 0 ? {} : { headers: { "retry-after": String(Math.ceil(retryAfterMs / 1000)) } };
    },
  };
  void app.register(fastifyTRPCPlugin, { prefix: trpcPath, trpcOptions });
}
