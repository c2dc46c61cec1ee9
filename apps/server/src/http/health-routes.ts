import type { FastifyInstance } from "fastify";

/** Whether the process can serve. */
export type Readiness = { readonly isReady: boolean; readonly checks: Readonly<Record<string, string>> };

/** `/healthz`: the process turns. `/readyz`: it can serve, and if not, why. */
export function mountHealth(app: FastifyInstance, options: { readiness: () => Promise<Readiness> }): void {
  app.get("/healthz", (_request, reply) => reply.header("cache-control", "no-store").send({ status: "ok" }));
  app.get("/readyz", async (_request, reply) => {
    const { isReady, checks } = await options.readiness();
    return reply
      .code(isReady ? 200 : 503)
      .header("cache-control", "no-store")
      .send({ status: isReady ? "ready" : "not ready", checks });
  });
}
