import { createHash } from "node:crypto";
import type { FastifyInstance } from "fastify";
import { setupPage, setupScript } from "./setup-page.ts";

/** Where everything is, for whoever opens the base URL. */
const index = {
  name: "llm-backend",
  faces: {
    "/v1": "OpenAI's API, in front of all upstreams",
    "/chat/completions": "chat completions for voice engines, also under /v1",
    "/rag/chat/completions": "the same, answered from a knowledge base",
    "/audio/chat/completions": "the same, spoken",
    "/api": "REST; its documentation is at /api/docs, as OpenAPI at /api/openapi.json",
    "/admin": "the earlier gateway's administration: /admin/upstreams, /admin/request_records",
    "/trpc": "the procedures of the typed client, over HTTP and WebSocket",
    "/ping": "whether somebody is there",
    "/healthz": "whether the process runs",
    "/readyz": "whether it can serve",
  },
};

/** Mounts the pages that belong to no face. */
export function mountRoot(app: FastifyInstance): void {
  const scriptHash = createHash("sha256").update(setupScript).digest("base64");
  const policy = [
    "default-src 'none'",
    `script-src 'sha256-${scriptHash}'`,
    "style-src 'unsafe-inline'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
  app.get("/", (_request, reply) => reply.send(index));
  app.get("/ping", (_request, reply) => reply.send({ message: "pong" }));
  app.get("/setup", (_request, reply) =>
    reply
      .type("text/html; charset=utf-8")
      .header("cache-control", "no-store")
      .header("content-security-policy", policy)
      .send(setupPage),
  );
}
