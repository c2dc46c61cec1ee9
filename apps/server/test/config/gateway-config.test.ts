import { hostname } from "node:os";
import { describe, expect, it } from "vitest";
import { readText } from "./config-text.ts";

describe("the gateway's part of the configuration", () => {
  it("has every default", () => {
    const { access, gateway, records, prices, metrics, alerts } = readText("").config;
    expect(access).toEqual({ tokens: [], adminTokens: [], isOpen: false });
    expect(gateway).toEqual({
      policy: "order",
      fallbacks: {},
      midstream: "exact",
      deadlineMs: 300_000,
      discovers: true,
      queueMs: 10_000,
      bodyBytesMax: 32 * 1024 * 1024,
      uploadBytesMax: 512 * 1024 * 1024,
      showKeys: false,
      retry: { share: 0.2, retriesMin: 3, retriesMinPerCandidate: 5 },
      breaker: {
        failuresInARow: 5,
        failureShare: 0.5,
        requestsMin: 20,
        windowMs: 10_000,
        openMs: 10_000,
        openMsMax: 300_000,
      },
      keyRest: { rejectedMs: 300_000, quotaMs: 600_000, coolMs: 1_000, coolMsMax: 60_000 },
    });
    expect(records).toMatchObject({ isEnabled: true, bodies: "truncated", keptMs: 30 * 86_400_000 });
    expect([records.hostname, alerts.hostname]).toEqual([hostname(), hostname()]);
    expect(prices).toEqual([]);
    expect(metrics).toEqual({ listen: undefined, token: undefined });
    expect(alerts).toMatchObject({ feishuWebhook: undefined, matrix: undefined, intervalMs: 60_000 });
  });

  it("lets the callers' tokens administrate, as the earlier gateway did, unless it says who may", () => {
    const read = (text: string) => readText(`authorization: a, b\n${text}`).config.access.adminTokens;
    expect(read("")).toEqual(["a", "b"]);
    expect(read('admin_authorization: ""')).toEqual([]);
    expect(read("admin_authorization: boss")).toEqual(["boss"]);
  });

  it("is taken from the file, in the units of the program", () => {
    const { access, gateway, records, prices, metrics, alerts } = readText(`
lb_policy: p2c
hostname: edge-1
admin_authorization: "boss, boss2"
gateway:
  fallbacks: { big: [small, tiny] }
  midstream: continue
  deadline_seconds: 12.5
  retry: { budget_percent: 10, budget_min: 0 }
  breaker: { failures_percent: 25, window_seconds: 2, open_seconds: 0.5 }
  discover: false
  key_rest: { rejected_seconds: 0, quota_seconds: 2.5, limited_seconds_max: 9 }
records: { bodies: whole, days: 0.5, megabytes_max: 5 }
prices: { "gpt-*": { input: 2.5, output: 10, cached_input: 1.25, audio_output: 80 }, free: { input: 0, output: 0, request: 0.001 } }
metrics: { listen: "127.0.0.1:9090", token: let-me-read }
alerts:
  matrix: { homeserver: "https://m.example", room: "!r:m.example", token: t }
  interval_seconds: 5
`).config;
    expect(access.adminTokens).toEqual(["boss", "boss2"]);
    expect(gateway).toMatchObject({
      policy: "p2c",
      fallbacks: { big: ["small", "tiny"] },
      midstream: "continue",
      deadlineMs: 12_500,
      retry: { share: 0.1, retriesMin: 0 },
      breaker: { failureShare: 0.25, windowMs: 2_000, openMs: 500, openMsMax: 300_000 },
      discovers: false,
      keyRest: { rejectedMs: 0, quotaMs: 2_500, coolMs: 1_000, coolMsMax: 9_000 },
    });
    expect(records).toMatchObject({ bodies: "whole", keptMs: 43_200_000, bytesMax: 5_000_000 });
    expect(prices).toEqual([
      {
        model: "gpt-*",
        prices: {
          input: 2_500_000_000,
          cachedInput: 1_250_000_000,
          output: 10_000_000_000,
          audioOutput: 80_000_000_000,
        },
      },
      { model: "free", prices: { input: 0, output: 0, request: 1_000_000 } },
    ]);
    expect(metrics).toEqual({ listen: { host: "127.0.0.1", port: 9090 }, token: "let-me-read" });
    expect(alerts).toMatchObject({
      matrix: { homeserver: "https://m.example", room: "!r:m.example", token: "t" },
      intervalMs: 5_000,
      hostname: "edge-1",
    });
  });

  it("has everything that an upstream can be told", () => {
    const { upstreams } = readText(`
upstreams:
  - name: all
    endpoint: http://localhost:1
    key: k1
    keys: [k2, k1, k3]
    models: ["gpt-*"]
    deny: ["gpt-4"]
    aliases: { fast: gpt-mini }
    discover: true
    weight: 2.5
    tier: 1
    concurrency_max: 10
    queue_max: 20
    midstream: "off"
    prefill: partial
    keep_header: true
    authorization: t1,t2
    clocks: { idle_seconds: 5 }
    model_clocks: { "o3*": { first_token_seconds: 600 } }
`).config;
    expect(upstreams).toEqual([
      {
        name: "all",
        endpoint: "http://localhost:1",
        keys: ["k1", "k2", "k3"],
        models: ["gpt-*"],
        deny: ["gpt-4"],
        aliases: { fast: "gpt-mini" },
        discover: true,
        weight: 2.5,
        tier: 1,
        concurrencyMax: 10,
        queueMax: 20,
        midstream: "off",
        prefill: "partial",
        keepHeaders: true,
        access: { tokens: ["t1", "t2"], isOpen: false },
        clocks: { idle_seconds: 5 },
        modelClocks: { "o3*": { first_token_seconds: 600 } },
      },
    ]);
  });

  it("takes the earlier gateway's variables, which are stronger than the file", () => {
    const { alerts } = readText("alerts: { feishu_webhook: 'https://file.example/hook' }", {
      settings: { FEISHU_WEBHOOK: "https://feishu.example/hook", MATRIX_API: "https://matrix.example/send" },
    }).config;
    expect(alerts.feishuWebhook).toBe("https://feishu.example/hook");
    expect(alerts.matrixApi).toBe("https://matrix.example/send");
  });

  it("lets everyone in with --noauth, and says so where others can reach the server", () => {
    const open = readText("address: ':1'", { flags: { noauth: true } });
    expect(open.config.access.isOpen).toBe(true);
    expect(open.notices).toContainEqual(expect.objectContaining({ path: "noauth", level: "warn" }));
    expect(readText("noauth: true").notices).toEqual([]);
    expect(readText("").config.access.isOpen).toBe(false);
  });
});
