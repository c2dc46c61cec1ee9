import { mountAdmin, mountApi } from "@llm-backend/rest";
import type { Context } from "@llm-backend/server";
import type { FastifyRequest } from "fastify";
import type { Logger } from "pino";
import type { Parts } from "./compose.ts";
import type { Config } from "./config/to-config.ts";
import type { Host } from "./http/create-host.ts";
import { answerErrors } from "./http/error-answers.ts";
import { mountHealth } from "./http/health-routes.ts";
import { mountTrpc } from "./http/mount-trpc.ts";
import { readCredential } from "./http/request-context.ts";
import { mountRoot } from "./http/root-routes.ts";
import type { Metrics } from "./metrics/create-metrics.ts";
import { mountMetrics } from "./metrics/mount-metrics.ts";
import { shortageWords } from "./pressure/watch-pressure.ts";
import { version } from "./version.ts";

/** What the faces are mounted with. */
export type FacesOptions = {
  readonly parts: Parts;
  readonly config: Config;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, "render" | "contentType">;
  /** How the process is, for `/readyz`; a `server` that is not `ok` serves nobody. */
  readonly checks: () => { readonly server: string; readonly workers?: string };
};

/** Mounts everything that callers reach on the host's application. */
export function mountFaces(host: Host, given: FacesOptions): void {
  const { parts, config } = given;
  const { services } = parts.backend;
  const createContext = (request: FastifyRequest): Context => ({
    services,
    credential: readCredential(request.headers),
    address: request.ip,
  });
  const onInternalError = (error: unknown, request?: FastifyRequest) => {
    (request?.log ?? given.logger).error({ err: error }, "Internal error");
  };
  mountHealth(host.app, {
    async readiness() {
      const database = await parts.storage.ping().then(
        () => "ok",
        () => parts.storage.fault() ?? "does not answer",
      );
      const shortage = parts.pressure.shortage();
      const own = given.checks();
      const redis = parts.redis?.check();
      return {
        isReady:
          database === "ok" && own.server === "ok" && redis?.isReady !== false && shortage === undefined,
        checks: {
          ...own,
          database,
          load: shortage === undefined ? "ok" : shortageWords[shortage],
          ...(redis !== undefined && { redis: redis.words }),
        },
      };
    },
  });
  answerErrors(host.app, { onInternalError });
  mountRoot(host.app);
  mountMetrics(host.app, { metrics: given.metrics, access: config.metrics });
  mountTrpc(host.app, { createContext, onInternalError, batchCallsMax: config.limits.batch_calls_max });
  mountAdmin(host.app, { services, showsKeys: config.gateway.showKeys, onInternalError });
  mountApi(host.app, { createContext, onInternalError, version, pingMs: 10_000 });
}
