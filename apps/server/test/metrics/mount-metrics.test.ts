import { fastify } from "fastify";
import { describe, expect, it, onTestFinished } from "vitest";
import { createMetrics } from "../../src/metrics/create-metrics.ts";
import { mountMetrics, startMetricsServer, type MetricsAccess } from "../../src/metrics/mount-metrics.ts";
import { parsePrometheus } from "./prometheus-text.ts";

const metrics = createMetrics({ version: "1.2.3" });

async function startApplication(access: MetricsAccess): Promise<string> {
  const app = fastify();
  app.all("/v1/*", (_request, reply) => reply.code(418).send("passed on"));
  mountMetrics(app, { metrics, access });
  onTestFinished(() => app.close());
  return app.listen({ host: "127.0.0.1", port: 0 });
}

const read = (url: string, authorization?: string) =>
  fetch(url, authorization === undefined ? {} : { headers: { authorization } });

describe("the metrics on the server's own address", () => {
  it.each(["/metrics", "/v1/metrics"])("are at %s, for everyone unless there is a token", async (path) => {
    const url = await startApplication({ listen: undefined, token: undefined });
    const answer = await read(url + path);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toContain("text/plain; version=0.0.4");
    expect(parsePrometheus(await answer.text()).find("llm_backend_info", { version: "1.2.3" })).toBe(1);
  });

  it("are shown to whoever has the token, and to nobody else", async () => {
    const url = await startApplication({ listen: undefined, token: "let-me-read" });
    for (const wrong of [undefined, "Bearer", "Bearer let-me-rea", "Basic let-me-read", "let-me-read"]) {
      const answer = await read(`${url}/v1/metrics`, wrong);
      expect([wrong, answer.status]).toEqual([wrong, 401]);
      expect(await answer.text()).not.toContain("llm_backend_");
    }
    expect((await read(`${url}/metrics`, "Bearer let-me-read")).status).toBe(200);
    expect((await read(`${url}/metrics`, "bearer  let-me-read")).status).toBe(200);
  });

  it("are not there when they have an address of their own, and no upstream is asked for them", async () => {
    const url = await startApplication({ listen: { host: "127.0.0.1", port: 0 }, token: undefined });
    expect((await read(`${url}/metrics`)).status).toBe(404);
    expect((await read(`${url}/v1/metrics`)).status).toBe(404);
    expect((await read(`${url}/v1/models`)).status).toBe(418);
  });
});

describe("the metrics on an address of their own", () => {
  const start = async (token?: string) => {
    const server = await startMetricsServer({ host: "127.0.0.1", port: 0 }, { metrics, token });
    onTestFinished(() => server.close());
    return server;
  };

  it("are all that is there", async () => {
    const { url } = await start();
    for (const path of ["/metrics", "/v1/metrics?x=1"]) {
      expect(parsePrometheus(await (await read(url + path)).text()).samples.length).toBeGreaterThan(10);
    }
    for (const path of ["/", "/healthz", "/api/docs", "/metrics/x"]) {
      expect((await read(url + path)).status).toBe(404);
    }
    expect((await fetch(`${url}/metrics`, { method: "POST", body: "x" })).status).toBe(404);
  });

  it("need the token there as well", async () => {
    const { url } = await start("let-me-read");
    expect((await read(`${url}/metrics`)).status).toBe(401);
    expect((await read(`${url}/metrics`, "Bearer let-me-read")).status).toBe(200);
  });

  it("end at once, whoever is still connected", async () => {
    const server = await startMetricsServer({ host: "127.0.0.1", port: 0 }, { metrics, token: undefined });
    await (await read(`${server.url}/metrics`)).text();
    await server.close();
    await expect(read(`${server.url}/metrics`)).rejects.toThrow("fetch failed");
  });

  it("are refused an address that is taken", async () => {
    const { url } = await start();
    const listen = { host: "127.0.0.1", port: Number(new URL(url).port) };
    await expect(startMetricsServer(listen, { metrics, token: undefined })).rejects.toThrow("EADDRINUSE");
  });
});
