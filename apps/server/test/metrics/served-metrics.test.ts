import { createFakeUpstream, findClosedPort, startBackend } from "@llm-backend/testing";
import { describe, expect, it } from "vitest";
import { startReceiver } from "../alerts/receiver.ts";
import { until } from "../callers/chat-stage.ts";
import { parsePrometheus } from "./prometheus-text.ts";

async function ask(url: string, model = "fake-model"): Promise<number> {
  const body = JSON.stringify({ model, messages: [{ role: "user", content: "hi" }] });
  const headers = { "content-type": "application/json" };
  const answer = await fetch(`${url}/v1/chat/completions`, { method: "POST", body, headers });
  await answer.text();
  return answer.status;
}

const read = async (url: string) => parsePrometheus(await (await fetch(url)).text());

describe("a server under watch", () => {
  it.each(["/metrics", "/v1/metrics"])("counts what passes through it, and shows it at %s", async (path) => {
    await using upstream = await createFakeUpstream();
    const upstreams = [{ name: "main", endpoint: upstream.url }];
    await using backend = await startBackend({ upstreams, config: { noauth: true } });
    expect(await ask(backend.url)).toBe(200);
    await until(
      async () => (await read(backend.url + path)).find("llm_backend_requests_in_flight") === 0,
      "the call has ended",
    );
    const { find } = await read(backend.url + path);
    const done = { upstream: "main", outcome: "done" };
    expect(find("llm_backend_requests_total", { kind: "chat", status: "2xx", outcome: "done" })).toBe(1);
    expect(find("llm_backend_attempts_total", done)).toBe(1);
    expect(find("llm_backend_tokens_total", { upstream: "main", class: "output" })).toBeGreaterThan(0);
    expect(find("llm_backend_first_token_seconds_count", { upstream: "main" })).toBe(1);
    expect(find("llm_backend_upstream_breaker_state", { upstream: "main" })).toBe(0);
    // No upstream was asked for them.
    expect(upstream.calls.filter(({ path: asked }) => asked.includes("metrics"))).toEqual([]);
  });

  it("shows them only on their own address, and with their token, where they have one", async () => {
    await using upstream = await createFakeUpstream();
    const port = await findClosedPort();
    const metrics = { listen: `127.0.0.1:${port}`, token: "let-me-read-them" };
    await using backend = await startBackend({
      upstreams: [upstream.url],
      config: { noauth: true, metrics },
    });
    expect((await fetch(`${backend.url}/v1/metrics`)).status).toBe(404);
    expect((await fetch(`http://127.0.0.1:${port}/metrics`)).status).toBe(401);
    const headers = { authorization: "Bearer let-me-read-them" };
    expect((await fetch(`http://127.0.0.1:${port}/metrics`, { headers })).status).toBe(200);
  });

  it("tells its channels that nobody could answer", async () => {
    const receiver = await startReceiver();
    const upstreams = [{ name: "gone", endpoint: `http://127.0.0.1:${await findClosedPort()}/v1` }];
    const config = { noauth: true, hostname: "edge-1", alerts: { webhook: receiver.url } };
    await using backend = await startBackend({ upstreams, config });
    expect(await ask(backend.url)).toBe(502);
    await until(() => receiver.received.length > 0, "the receiver is told");
    expect(receiver.received[0]?.body).toMatchObject({
      event: "request_failed",
      hostname: "edge-1",
      text: expect.stringMatching(
        /^\[edge-1\] A call failed on every upstream: model fake-model, 502 upstream_unavailable, req_/,
      ),
    });
  });
});
