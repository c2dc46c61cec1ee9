import { errorCodes, type ErrorCode } from "@llm-backend/contract";
import { mapError, type Services } from "@llm-backend/server";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { readHostError } from "../api/host-error.ts";
import { readJsonBody } from "../api/read-json.ts";
import type { AdminResources, AdminRoute } from "./admin-route.ts";
import { adminRoutes } from "./admin-routes.ts";
import { requireAdmin } from "./require-admin.ts";

/** What the face needs of its host. */
export type AdminOptions = {
  readonly services: Pick<Services, "keys" | "sessions" | "upstreams" | "records">;
  /** Keys are shown whole. @default false */
  readonly showsKeys?: boolean;
  /** Learns of failures that the caller is not told the reason of. */
  readonly onInternalError: (error: unknown, request: FastifyRequest) => void;
};

const prefix = "/admin";

/** Whoever may not administrate is told so with the status that the earlier gateway had for it. */
const statuses: Partial<Record<ErrorCode, number>> = { unauthenticated: 403, forbidden: 403 };

/** Mounts every row of the table under `/admin`. */
export function mountAdmin(app: FastifyInstance, options: AdminOptions): void {
  const { services, showsKeys = false } = options;
  const resources = { services, showsKeys };
  void app.register(
    (scope, _options, done) => {
      // The body is JSON whatever its content type says, as in the earlier gateway.
      scope.addHook("onRequest", (request, _reply, next) => {
        delete request.headers["content-type"];
        next();
      });
      scope.removeAllContentTypeParsers();
      scope.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, parsed) => parsed(null, body));
      scope.setErrorHandler((error, request, reply) => {
        const { reason, message } = mapError(readHostError(error));
        if (reason === "internal") options.onInternalError(error, request);
        const route = adminRoutes.find(
          ({ method, path }) => method === request.method && path === request.routeOptions.url,
        );
        const status = route?.statuses?.[reason] ?? statuses[reason] ?? errorCodes[reason].status;
        return reply.code(status).send({ error: message });
      });
      scope.setNotFoundHandler((_request, reply) =>
        reply.code(404).send({ error: "There is no such path." }),
      );
      for (const route of adminRoutes) {
        scope.route({
          method: route.method,
          url: route.path.slice(prefix.length),
          handler: async (request, reply) => {
            // Who asks comes before what is asked.
            await requireAdmin(services, request.headers.authorization);
            const answer = await call(route, { resources, request });
            return reply.header("cache-control", "no-store").send(answer);
          },
        });
      }
      done();
    },
    { prefix },
  );
}

function call(
  route: AdminRoute,
  { resources, request }: { resources: AdminResources; request: FastifyRequest },
): Promise<unknown> {
  return route.call(resources, {
    params: request.params as Record<string, string>,
    body: route.takesBody === true ? readJsonBody(request.body as Buffer | undefined) : {},
  });
}
