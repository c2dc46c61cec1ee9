import { describe, expect, it } from "vitest";
import { findUpstreams, type KeyProvider } from "../../src/upstreams/find-upstreams.ts";
import { modelServers } from "../../src/upstreams/model-servers.ts";
import { createEnvironment } from "../config/config-text.ts";
import { answerModels, answerText, startModelServer, type FakeModelServer } from "./fake-model-server.ts";

const providers: readonly KeyProvider[] = [
  {
    name: "reseller",
    prefixes: [],
    endpoint: "https://reseller.example/v1",
    keyVariables: ["RESELLER_API_KEY"],
  },
  {
    name: "openai",
    prefixes: ["gpt", "o3"],
    endpoint: "https://api.openai.com/v1",
    keyVariables: ["OPENAI_API_KEY"],
  },
  {
    name: "gemini",
    prefixes: ["gemini"],
    endpoint: "https://gemini.example/v1",
    keyVariables: ["GEMINI_API_KEY", "GOOGLE_API_KEY"],
  },
  { name: "keyless", prefixes: ["x"], endpoint: "https://keyless.example" },
];

function find(
  variables: Readonly<Record<string, string>>,
  servers: readonly FakeModelServer[] = [],
  ownPorts: number[] = [],
) {
  return findUpstreams({
    environment: { ...createEnvironment(), providerVariables: variables },
    providers,
    ownPorts,
    servers: servers.map(({ port }, index) => ({ name: `local-${index}`, port })),
  });
}

describe("keys in the environment", () => {
  it("make an upstream of each provider, with its models by their prefixes", async () => {
    const { found, sentences } = await find({ OPENAI_API_KEY: "sk-1", GOOGLE_API_KEY: "g-1" });
    expect(found).toMatchObject([
      {
        source: "environment",
        upstream: {
          name: "openai",
          endpoint: "https://api.openai.com/v1",
          keys: ["sk-1"],
          models: ["gpt*", "o3*"],
        },
      },
      { source: "environment", upstream: { name: "gemini", keys: ["g-1"], models: ["gemini*"] } },
    ]);
    expect(sentences).toEqual([
      "Upstream openai: https://api.openai.com/v1, with the key of OPENAI_API_KEY",
      "Upstream gemini: https://gemini.example/v1, with the key of GOOGLE_API_KEY",
    ]);
  });

  it("let a lone provider serve every model", async () => {
    const { found } = await find({ OPENAI_API_KEY: "sk-1" });
    expect(found.map(({ upstream }) => upstream.models)).toEqual([[]]);
  });

  it("have whoever serves every model asked last", async () => {
    const { found } = await find({ RESELLER_API_KEY: "r-1", OPENAI_API_KEY: "sk-1" });
    expect(found.map(({ upstream }) => upstream.name)).toEqual(["openai", "reseller"]);
    expect(found.map(({ upstream }) => upstream.models)).toEqual([["gpt*", "o3*"], []]);
  });

  it("go where the variable beside them says, and nowhere when that is no URL", async () => {
    const moved = await find({
      OPENAI_API_KEY: "sk-1",
      OPENAI_BASE_URL: "http://proxy.example/v1/",
      GEMINI_API_KEY: "g",
    });
    expect(moved.found.map(({ upstream }) => [upstream.name, upstream.endpoint, upstream.models])).toEqual([
      ["gemini", "https://gemini.example/v1", ["gemini*"]],
      ["openai", "http://proxy.example/v1", []],
    ]);
    const lost = await find({ OPENAI_API_KEY: "sk-1", OPENAI_BASE_URL: "proxy" });
    expect(lost.found).toEqual([]);
    expect(lost.sentences).toEqual(["OPENAI_API_KEY is not used: OPENAI_BASE_URL is no http(s) base URL"]);
  });

  it("are not used when no header can carry them", async () => {
    const { found, sentences } = await find({ OPENAI_API_KEY: "sk-1\nx" });
    expect(found).toEqual([]);
    expect(sentences).toEqual(["OPENAI_API_KEY is not used: it has characters that no key has"]);
  });

  it("have the same ids at every start, and stay out of the sentences", async () => {
    const variables = { OPENAI_API_KEY: "sk-hunter22", GEMINI_API_KEY: "g-hunter22" };
    const [first, second] = [await find(variables), await find(variables)];
    expect(first).toEqual(second);
    for (const { upstream } of first.found) expect(upstream.id).toMatch(/^ups_[0-9a-hjkmnp-tv-z]{26}$/);
    expect(first.sentences.join()).not.toContain("hunter22");
  });
});

describe("model servers on this machine", () => {
  it("become upstreams with the models that they list", async () => {
    const server = await startModelServer(answerModels("llama3.2:latest", "qwen3:8b", "llama3.2:latest"));
    const { found, sentences } = await find({}, [server]);
    expect(found).toMatchObject([
      {
        source: "local",
        upstream: {
          name: "local-0",
          endpoint: `http://127.0.0.1:${server.port}/v1`,
          keys: [],
          models: ["llama3.2:latest", "qwen3:8b"],
        },
      },
    ]);
    expect(sentences[0]).toContain("which serves llama3.2:latest, qwen3:8b");
    expect(server.calls).toEqual([{ path: "/v1/models", authorization: undefined }]);
  });

  it("come beside keys, and never get one", async () => {
    const server = await startModelServer(answerModels("m"));
    const { found } = await find({ OPENAI_API_KEY: "sk-1" }, [server]);
    expect(found.map(({ upstream }) => [upstream.name, upstream.models])).toEqual([
      ["openai", ["gpt*", "o3*"]],
      ["local-0", ["m"]],
    ]);
    expect(server.calls[0]?.authorization).toBeUndefined();
  });

  it.each([
    ["has no list", answerText("<html>")],
    ["has an empty list", answerModels()],
    ["has another list", answerText('{"data":[{"name":"x"}]}')],
    ["has a model without a name", answerModels("")],
    ["has a model with a line feed in its name", answerModels("a\nb")],
    ["wants a key", answerText('{"data":[{"id":"x"}]}', 401)],
    ["is broken", answerText("", 500)],
    [
      "sends more than a megabyte",
      answerModels(...Array.from({ length: 40_000 }, (_, index) => `model-${index}-${"x".repeat(20)}`)),
    ],
    ["hangs up", ((_, response) => response.destroy()) satisfies Parameters<typeof startModelServer>[0]],
  ])("are not there when what answers %s", async (_, answer) => {
    const { found, sentences } = await find({}, [await startModelServer(answer)]);
    expect([found, sentences]).toEqual([[], []]);
  });

  it("are not followed to another place", async () => {
    const target = await startModelServer(answerModels("m"));
    const server = await startModelServer((_, response) =>
      response.writeHead(302, { location: `http://127.0.0.1:${target.port}/v1/models` }).end(),
    );
    expect((await find({}, [server])).found).toEqual([]);
    expect(target.calls).toEqual([]);
  });

  it("are waited for a moment only, all at once", async () => {
    const silent = await Promise.all(Array.from({ length: 4 }, () => startModelServer(() => undefined)));
    const dripping = await startModelServer((_, response) => {
      response.writeHead(200).write('{"data":[');
    });
    const quick = await startModelServer(answerModels("m"));
    const started = performance.now();
    const { found } = await find({}, [...silent, dripping, quick]);
    expect(performance.now() - started).toBeLessThan(1_500);
    expect(found.map(({ upstream }) => upstream.models)).toEqual([["m"]]);
  });

  it("are not looked for on the server's own port", async () => {
    const server = await startModelServer(answerModels("m"));
    expect((await find({}, [server], [server.port])).found).toEqual([]);
    expect(server.calls).toEqual([]);
  });

  it("are looked for on their usual ports", () => {
    expect(modelServers.map(({ port }) => port)).toEqual([11_434, 1_234, 8_000, 8_080]);
  });
});
