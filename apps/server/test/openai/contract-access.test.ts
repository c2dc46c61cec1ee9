import { operator } from "@llm-backend/server";
import { answerAsAsked, page } from "@llm-backend/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createRestCaller } from "../callers/rest-caller.ts";
import { callerToken, setStage, type OpenAiStage } from "./openai-stage.ts";

const json = { "content-type": "application/json" };
const question = (model = "fake-model", fields: object = {}) => ({
  body: JSON.stringify({ model, messages: [{ role: "user", content: "Hi" }], ...fields }),
});
const hello = answerAsAsked("Hello");

/** Asks as somebody, and says what came of it. */
async function ask(stage: OpenAiStage, authorization: string | undefined, model?: string) {
  const answered = await stage.call("/chat/completions", {
    ...question(model),
    headers: { ...json, ...(authorization !== undefined && { authorization }) },
  });
  const { error } = JSON.parse(answered.bytes.toString()) as {
    error?: { message: string; code: string; type: string };
  };
  return { status: answered.status, error, headers: answered.headers };
}

describe("authorization", () => {
  let stage: OpenAiStage;
  beforeAll(async () => {
    stage = await setStage({
      replies: [hello, hello, hello],
      entries: [
        { models: ["global"] },
        { models: ["own"], authorization: "own-token-1, own-token-2" },
        { models: ["free"], noauth: true },
      ],
      config: { authorization: `${callerToken},another-token` },
    });
  });
  afterAll(() => stage[Symbol.asyncDispose]());

  it.each([
    [callerToken, ["global", "free"]],
    ["another-token", ["global", "free"]],
    ["own-token-1", ["own", "free"]],
    ["own-token-2", ["own", "free"]],
    ["nobodys-token", ["free"]],
  ])("%s opens %j, and shows no others", async (token, opened) => {
    for (const model of ["global", "own", "free"]) {
      const { status } = await ask(stage, `Bearer ${token}`, model);
      expect([model, status]).toEqual([model, opened.includes(model) ? 200 : 404]);
    }
    const listed = await stage.call("/models", {
      method: "GET",
      headers: { authorization: `Bearer ${token}` },
    });
    const { data } = JSON.parse(listed.bytes.toString()) as { data: { id: string }[] };
    expect(data.map(({ id }) => id).toSorted()).toEqual(opened.toSorted());
  });

  it("an upstream that is open to all is so to whoever brings anything or nothing", async () => {
    for (const authorization of ["", "Basic abc", "Bearer", "nonsense"])
      expect((await ask(stage, authorization, "free")).status).toBe(200);
  });
});

describe("whoever may not come in", () => {
  let stage: OpenAiStage;
  beforeAll(async () => {
    stage = await setStage({ replies: [hello] });
  });
  afterAll(() => stage[Symbol.asyncDispose]());

  it.each([
    ["", "authorization header should start with 'Bearer'"],
    [callerToken, "authorization header should start with 'Bearer'"],
    [`Basic ${callerToken}`, "authorization header should start with 'Bearer'"],
    ["Bearer", "wrong authorization header"],
    ["Bearer wrong", "wrong authorization header"],
    [`Bearer ${callerToken}x`, "wrong authorization header"],
    [`Bearer ${callerToken} x`, "wrong authorization header"],
    ["Bearer sk-llmb-0000000000000000000000000000000000000000", "wrong authorization header"],
  ])("is told with 403, in the documented words: %s", async (authorization, message) => {
    const { status, error } = await ask(stage, authorization);
    expect(status).toBe(403);
    expect(error).toEqual({ message, type: "invalid_request_error", param: null, code: "invalid_api_key" });
    expect(stage.upstream.calls).toEqual([]);
  });

  it.each([`bearer ${callerToken}`, `Bearer   ${callerToken}`, `Bearer${callerToken}`])(
    "is not whoever writes it as the earlier gateway took it: %s",
    async (authorization) => {
      expect((await ask(stage, authorization)).status).toBe(200);
    },
  );

  it("is nobody, with noauth", async () => {
    await using open = await setStage({ replies: [hello], config: { noauth: true } });
    for (const authorization of ["", "Basic abc", "Bearer wrong"])
      expect((await ask(open, authorization)).status).toBe(200);
  });
});

describe("models", () => {
  it("allow comes first, then deny; a name of one's own leads to the upstream's", async () => {
    await using stage = await setStage({
      replies: [hello, hello],
      entries: [
        { allow: ["gpt-*"], deny: ["gpt-4-secret"] },
        { deny: ["gpt-*"], aliases: { fast: "llama-3" } },
      ],
    });
    const asked = async (model: string) => {
      const before = stage.upstreams.map(({ calls }) => calls.length);
      const { status } = await ask(stage, undefined, model);
      const index = stage.upstreams.findIndex(({ calls }, at) => calls.length > (before[at] ?? 0));
      const body = stage.upstreams[index]?.calls.at(-1)?.body as { model?: string } | undefined;
      return [status, index, body?.model];
    };
    expect(await asked("gpt-4o")).toEqual([200, 0, "gpt-4o"]);
    expect(await asked("gpt-4-secret")).toEqual([404, -1, undefined]);
    expect(await asked("llama-3")).toEqual([200, 1, "llama-3"]);
    expect(await asked("fast")).toEqual([200, 1, "llama-3"]);
  });

  it("a body that is no JSON counts as the model named like its path", async () => {
    const reply = page("application/json", '{"text":"hi"}');
    await using stage = await setStage({
      replies: [reply, reply],
      entries: [{ deny: ["/v1/audio/*"] }, { allow: ["/v1/audio/transcriptions"] }],
    });
    const form = { headers: { "content-type": "multipart/form-data; boundary=x" }, body: "--x--" };
    expect((await stage.call("/audio/transcriptions?a=b", form)).status).toBe(200);
    expect((await stage.call("/audio/translations", form)).status).toBe(404);
    expect((await stage.call("/files", form)).status).toBe(200);
    expect(stage.upstreams.map(({ calls }) => calls.map(({ path }) => path))).toEqual([
      ["/v1/files"],
      ["/v1/audio/transcriptions?a=b"],
    ]);
  });
});

describe("keys of ours", () => {
  let stage: OpenAiStage;
  beforeAll(async () => {
    stage = await setStage({
      replies: [hello],
      entries: [{ models: ["fake-model", "other-model"] }],
      config: { prices: { "fake-model": { input: 1000, output: 1000 } } },
    });
  });
  afterAll(() => stage[Symbol.asyncDispose]());
  const create = (fields: object = {}) =>
    stage.backend.server.backend.services.keys.create(operator, { name: "k", ...fields });

  it("open /v1, until they are revoked: with the next request", async () => {
    const { secret, key } = await create();
    expect((await ask(stage, `Bearer ${secret}`)).status).toBe(200);
    await stage.backend.server.backend.services.keys.revoke(operator, key.keyId);
    const { status, error } = await ask(stage, `Bearer ${secret}`);
    expect([status, error?.message]).toEqual([403, "The key was revoked."]);
  });

  it("open the models that they name, and show no others", async () => {
    const { secret } = await create({ models: ["other-*"] });
    const { status, error } = await ask(stage, `Bearer ${secret}`);
    expect([status, error?.code]).toEqual([404, "model_not_found"]);
    expect((await ask(stage, `Bearer ${secret}`, "other-model")).status).toBe(200);
    const headers = { authorization: `Bearer ${secret}` };
    const listed = await stage.call("/models", { method: "GET", headers });
    expect(JSON.parse(listed.bytes.toString())).toMatchObject({ data: [{ id: "other-model" }] });
    const { data } = JSON.parse(listed.bytes.toString()) as { data: unknown[] };
    expect(data).toHaveLength(1);
    expect((await stage.call("/models/fake-model", { method: "GET", headers })).status).toBe(404);
  });

  it("that are for the administration only open nothing else", async () => {
    const { secret } = await create({ scopes: ["admin"] });
    expect(await ask(stage, `Bearer ${secret}`)).toMatchObject({ status: 403, error: { code: "forbidden" } });
  });

  it("say how much of their limits is left, and refuse beyond them with the time to come back", async () => {
    const { secret } = await create({ requestsPerMinute: 2, tokensPerMinute: 100_000 });
    const first = await ask(stage, `Bearer ${secret}`);
    expect(first.headers).toMatchObject({
      "x-ratelimit-limit-requests": "2",
      "x-ratelimit-remaining-requests": "1",
      "x-ratelimit-limit-tokens": "100000",
    });
    await ask(stage, `Bearer ${secret}`);
    const { status, error, headers } = await ask(stage, `Bearer ${secret}`);
    expect([status, error?.code, error?.type]).toEqual([429, "rate_limit_exceeded", "rate_limit_error"]);
    expect(error?.message).toMatch(/^This key allows 2 requests per minute; try again in \w+\.$/);
    expect(Number(headers["retry-after"])).toBeGreaterThan(0);
    expect(headers).toMatchObject({
      "x-ratelimit-limit-requests": "2",
      "x-ratelimit-remaining-requests": "0",
      "x-ratelimit-reset-requests": expect.stringMatching(/s$/),
    });
  });

  it("have a budget, and are told with 402 that it is used up", async () => {
    // One answer costs 18 tokens at 1000 dollars a million: 0.018 dollars.
    const { secret } = await create({ budget: { nanos: 20_000_000, window: "day" } });
    const spend = () =>
      stage.call("/chat/completions", {
        headers: { ...json, authorization: `Bearer ${secret}` },
        body: JSON.stringify({ model: "fake-model", max_tokens: 1, messages: [] }),
      });
    expect((await spend()).status).toBe(200);
    const refused = await spend();
    expect(refused.status).toBe(402);
    expect(JSON.parse(refused.bytes.toString())).toMatchObject({ error: { code: "budget_exceeded" } });
  });

  it("are made by users over the typed face as well", async () => {
    const { registerUser } = await import("../callers/rest-caller.ts");
    const { createTrpcCaller } = await import("../callers/trpc-caller.ts");
    const { token = "" } = await registerUser(stage.backend.url);
    const made = await createTrpcCaller(stage.backend.url, token).mutate<{ secret: string }>("key.create", {
      name: "mine",
    });
    expect((await ask(stage, `Bearer ${made.secret}`)).status).toBe(200);
    const session = await createRestCaller(stage.backend.url, token).get("/v1/models");
    expect(session.status, "the token of a session is no key").toBe(403);
  });
});
