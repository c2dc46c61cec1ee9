import { describe, expect, it, onTestFinished } from "vitest";
import { startUpstreams } from "../../src/upstreams/start-upstreams.ts";
import { createEnvironment, readText } from "../config/config-text.ts";
import { answerModels, startModelServer } from "./fake-model-server.ts";

async function start(text: string, given: { variables?: Record<string, string>; ports?: number[] } = {}) {
  const environment = { ...createEnvironment(), providerVariables: given.variables ?? {} };
  const providers = [
    {
      name: "openai",
      prefixes: ["gpt"],
      endpoint: "https://api.openai.com/v1",
      keyVariables: ["OPENAI_API_KEY"],
    },
  ];
  const servers = (given.ports ?? []).map((port) => ({ name: "local", port }));
  const started = await startUpstreams(readText(text).config, { environment, providers, servers });
  onTestFinished(started.close);
  return started;
}

describe("upstreams", () => {
  it("come from the configuration with their access, and their clocks in milliseconds", async () => {
    const { found } = await start(
      [
        "authorization: global",
        "upstreams:",
        "  - endpoint: http://localhost:1",
        "    authorization: guest",
        "    timeout: 90",
        "    clocks: { connect_seconds: 0.25 }",
        "    model_clocks: { 'o3*': { first_token_seconds: 600, idle_seconds: 0.1 } }",
      ].join("\n"),
    );
    expect(found).toEqual([
      {
        source: "config",
        access: { tokens: ["guest"], isOpen: false },
        upstream: {
          id: expect.stringMatching(/^ups_/),
          name: "localhost:1",
          endpoint: "http://localhost:1",
          keys: [],
          models: [],
          aliases: {},
          clocks: { connectMs: 250, firstByteMs: 90_000, wholeAnswerMs: 90_000 },
          modelClocks: { "o3*": { firstTokenMs: 600_000, idleMs: 100 } },
        },
      },
    ]);
  });

  it("come from the configuration, and are looked for nowhere else then", async () => {
    const server = await startModelServer(answerModels("m"));
    const text = [
      "upstreams:",
      "  - { endpoint: https://api.example.com/v1/, key: k1, models: [a], aliases: { fast: a }, clocks: { idle_seconds: 0.5 } }",
      "  - { endpoint: https://api.example.com/v1, key: k2 }",
      "  - { name: mine, endpoint: http://localhost:1 }",
    ].join("\n");
    const { found, sentences } = await start(text, {
      variables: { OPENAI_API_KEY: "sk-1" },
      ports: [server.port],
    });
    expect(found.map(({ source }) => source)).toEqual(["config", "config", "config"]);
    expect(found.map(({ upstream }) => ({ ...upstream, id: "" }))).toEqual([
      {
        id: "",
        name: "api.example.com",
        endpoint: "https://api.example.com/v1",
        keys: ["k1"],
        models: ["a"],
        aliases: { fast: "a" },
        clocks: { idleMs: 500 },
      },
      {
        id: "",
        name: "api.example.com-2",
        endpoint: "https://api.example.com/v1",
        keys: ["k2"],
        models: [],
        aliases: {},
        clocks: {},
      },
      {
        id: "",
        name: "mine",
        endpoint: "http://localhost:1",
        keys: [],
        models: [],
        aliases: {},
        clocks: {},
      },
    ]);
    expect(new Set(found.map(({ upstream }) => upstream.id)).size).toBe(3);
    expect(sentences[0]).toBe("Upstream api.example.com: https://api.example.com/v1, from the configuration");
    expect(server.calls).toEqual([]);
  });

  it("are not looked for when all that the configuration names are left out", async () => {
    const text = "upstreams: [{ type: replicate, sk: x }]";
    expect(await start(text, { variables: { OPENAI_API_KEY: "sk-1" } })).toMatchObject({
      found: [],
      sentences: [],
    });
  });

  it("come from the environment and this machine otherwise", async () => {
    const server = await startModelServer(answerModels("m"));
    const { found } = await start("", { variables: { OPENAI_API_KEY: "sk-1" }, ports: [server.port] });
    expect(found.map(({ source }) => source)).toEqual(["environment", "local"]);
  });

  it("are the demo when there is nothing, and the log says how to change that", async () => {
    const { found, sentences } = await start("", { variables: { OPENAI_API_KEY: "bad key" } });
    expect(found).toMatchObject([{ source: "demo", upstream: { name: "demo", models: ["demo", "*"] } }]);
    expect(sentences).toEqual([
      "OPENAI_API_KEY is not used: it has characters that no key has",
      expect.stringMatching(/^Upstream demo: built in.*OPENAI_API_KEY.*Ollama.*config\.yaml/),
    ]);
  });

  it("close the demo with them", async () => {
    const { found, close } = await start("");
    const url = `${found[0]?.upstream.endpoint}/models`;
    const headers = { authorization: `Bearer ${found[0]?.upstream.keys[0]}` };
    expect((await fetch(url, { headers })).status).toBe(200);
    await close();
    await expect(fetch(url, { headers })).rejects.toThrow("fetch failed");
  });
});
