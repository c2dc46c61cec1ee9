import {
  answer,
  createFakeUpstream,
  event,
  fail,
  findClosedPort,
  finish,
  page,
  raw,
  role,
  stall,
  type Call,
  type Reply,
} from "@llm-backend/testing/fake-upstream";
import { expect, test } from "vitest";
import { createConnections } from "../src/attempt/connections.ts";
import { defaultClocks, type ProbeReport, type Upstream } from "../src/index.ts";
import { chooseChatModel } from "../src/probe/choose-model.ts";
import { createProbe } from "../src/probe/create-probe.ts";

const key = "sk-secret-0123456789abcdef";

type Probing = Partial<Upstream> & { readonly model?: string; readonly signal?: AbortSignal };

async function probe(endpoint: string, { model, signal, ...rest }: Probing = {}): Promise<ProbeReport> {
  const connections = createConnections();
  const clocks = { ...defaultClocks, firstByteMs: 200, firstTokenMs: 200 };
  const look = createProbe(connections, { clocks, listingMs: 200 });
  const report = await look(
    { id: "1", name: "main", endpoint, keys: [key], models: [], aliases: {}, ...rest },
    { ...(model !== undefined && { model }), ...(signal !== undefined && { signal }) },
  );
  await connections.close();
  for (const one of rest.keys ?? [key]) expect(JSON.stringify(report)).not.toContain(one);
  return report;
}

/** Probes an upstream whose lists and answers are scripted. */
async function probeScript(
  list: (call: Call) => Reply,
  reply: (call: Call) => Reply,
  probing: Probing = {},
): Promise<ProbeReport & { calls: readonly Call[] }> {
  await using upstream = await createFakeUpstream({
    reply: (call) => (call.method === "GET" ? list(call) : reply(call)),
  });
  return { ...(await probe(`${upstream.url}?scripted`, probing)), calls: upstream.calls };
}

const listOf =
  (...models: string[]) =>
  (): Reply =>
    page("application/json", JSON.stringify({ data: models.map((id) => ({ id })) }));
const noList = (): Reply => page("text/plain", "404 page not found", 404);
const hello = (): Reply => answer("Hello");

test("a sound upstream: reached, key accepted, models, a stream, and how soon it began", async () => {
  await using upstream = await createFakeUpstream({ models: ["text-embedding-3-small", "gpt-5"] });
  const report = await probe(upstream.url);
  expect(report).toEqual({
    upstream: "main",
    isReachable: true,
    isKeyAccepted: true,
    models: ["text-embedding-3-small", "gpt-5"],
    model: "gpt-5",
    isStreaming: true,
    firstTokenMs: expect.any(Number),
    problem: undefined,
  });
  expect(upstream.calls[1]?.body).toMatchObject({ model: "gpt-5", stream: true, max_tokens: 16 });
  expect(upstream.calls[1]?.headers["authorization"]).toBe(`Bearer ${key}`);
});

test("the model to ask: the one that is wanted, else the first that the configuration names, by its real name", async () => {
  const asked = async (probing: Probing): Promise<string | undefined> =>
    (await probeScript(listOf("listed"), hello, probing)).model;
  const named = { models: ["whisper-1", "gpt-*", "named"], aliases: { short: "real" } };
  expect(await asked({ ...named, model: "wanted" })).toBe("wanted");
  expect(await asked({ ...named, model: "short" })).toBe("real");
  expect(await asked(named)).toBe("real");
  expect(await asked({ models: ["whisper-1", "gpt-*", "named"] })).toBe("named");
  expect(await asked({ models: ["gpt-*"] })).toBe("listed");
});

test("names that sound like anything but a conversation are passed over", () => {
  const others = [
    "text-embedding-3-large",
    "bge-m3",
    "whisper-1",
    "gpt-4o-mini-tts",
    "gpt-4o-transcribe",
    "gpt-4o-audio-preview",
    "dall-e-3",
    "gpt-image-1",
    "omni-moderation-latest",
    "rerank-v3.5",
    "sora-2",
    "imagen-4",
  ];
  expect(chooseChatModel([...others, "gpt-5-mini", "gpt-5"])).toBe("gpt-5-mini");
  expect(chooseChatModel(others)).toBeUndefined();
});

test("nobody there", async () => {
  const report = await probe(`http://127.0.0.1:${await findClosedPort()}`, { model: "m" });
  expect(report).toMatchObject({
    isReachable: false,
    isKeyAccepted: undefined,
    isStreaming: undefined,
    problem: "It cannot be reached: ECONNREFUSED.",
  });
});

test("an endpoint that is none", async () => {
  const report = await probe("nonsense");
  expect(report.isReachable).toBe(false);
  expect(report.problem).toMatch(/^Upstream “main”: An endpoint is an http or https URL/);
});

test("a key that is refused, without the key in the sentence", async () => {
  const refuse = (): Reply => fail(401, { error: { message: `Incorrect API key provided: ${key}` } });
  expect(await probeScript(refuse, refuse)).toMatchObject({
    isReachable: true,
    isKeyAccepted: false,
    models: undefined,
    problem: "The key is not accepted: status 401: Incorrect API key provided: [key].",
  });
  expect(await probeScript(noList, refuse, { model: "m" })).toMatchObject({
    isKeyAccepted: false,
    model: "m",
    problem: "The key is not accepted: status 401: Incorrect API key provided: [key].",
  });
});

test("a list that everybody may read proves nothing of the key", async () => {
  const report = await probeScript(listOf("m"), () => fail(403));
  expect(report).toMatchObject({ isKeyAccepted: false, models: ["m"] });
});

test("a key that may ask, but not list, is accepted", async () => {
  const report = await probeScript(() => fail(403), hello, { models: ["m"] });
  expect(report).toMatchObject({ isKeyAccepted: true, isStreaming: true, problem: undefined });
});

test("of several keys some are refused: the question goes out with one that is not", async () => {
  const keys = ["sk-first-000000000001", "sk-second-00000000002", "sk-third-000000000003"];
  const report = await probeScript(
    (call) => (call.headers["authorization"]?.includes("second") === true ? listOf("m")() : fail(401)),
    hello,
    { keys },
  );
  expect(report).toMatchObject({
    isKeyAccepted: false,
    model: "m",
    isStreaming: true,
    problem: "2 of 3 keys are not accepted: status 401: fake failure.",
  });
  expect(report.calls.at(-1)?.headers["authorization"]).toBe(`Bearer ${keys[1]}`);
});

test("without a list nothing is known of the key until it has answered", async () => {
  expect(await probeScript(noList, () => fail(500), { model: "m" })).toMatchObject({
    isKeyAccepted: undefined,
    problem: "Asked for a few words, the model “m” failed: status 500: fake failure.",
  });
  expect(await probeScript(noList, hello, { model: "m" })).toMatchObject({
    isKeyAccepted: true,
    models: undefined,
    problem: undefined,
  });
  expect(await probeScript(noList, hello)).toMatchObject({
    model: undefined,
    problem: "It does not list its models (status 404); name one to try it.",
  });
  expect((await probeScript(listOf("whisper-1"), hello)).problem).toBe(
    "It names no model that could be asked; name one to try it.",
  );
});

const problems: readonly (readonly [string, () => Reply, string])[] = [
  ["an empty account", () => fail(402), "The account behind the key is empty: status 402: fake failure."],
  ["a limit", () => fail(429), "The key is limited just now: status 429: fake failure."],
  [
    "silence",
    () => ({ steps: [stall()] }),
    "Asked for a few words, the model “m” failed: no answer in time.",
  ],
  [
    "an error in the stream",
    () => ({ steps: [role(), event({ error: { message: "boom" } })] }),
    "Asked for a few words, the model “m” failed: error in the stream: boom.",
  ],
  [
    "no words",
    () => ({ steps: [role(), finish({ reason: "length" })] }),
    "The model “m” answered without a word.",
  ],
  [
    "an answer in one piece",
    () =>
      page(
        "application/json",
        JSON.stringify({ choices: [{ message: { content: "Hello" }, finish_reason: "stop" }] }),
      ),
    "It answers in one piece although a stream was asked for.",
  ],
];
for (const [name, reply, problem] of problems)
  test(`${name}: says so in one sentence`, async () => {
    expect((await probeScript(listOf("m"), reply)).problem).toBe(problem);
  });

test("a model that knows the limit of tokens by its newer name is asked with that", async () => {
  const report = await probeScript(listOf("o3"), ({ body }) =>
    JSON.stringify(body).includes('"max_tokens"')
      ? fail(400, { error: { message: "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens'." } })
      : hello(),
  );
  expect(report.problem).toBeUndefined();
  expect(report.calls.at(-1)?.body).toMatchObject({ max_completion_tokens: 16 });
});

test("an answer without an end is broken off, and counts as one", async () => {
  const endless = async function* () {
    for (;;) yield raw(`data: {"choices":[{"delta":{"content":"${"word ".repeat(20)}"}}]}\n\n`);
  };
  const report = await probeScript(listOf("m"), () => ({ steps: endless() }));
  expect(report).toMatchObject({ isStreaming: true, isKeyAccepted: true, problem: undefined });
});

test("where the caller's authorization goes out, no key is sent", async () => {
  const report = await probeScript(listOf("m"), hello, { passAuthorization: true });
  expect(report.calls.every(({ headers }) => headers["authorization"] === undefined)).toBe(true);
});

test("an abort ends it at once", async () => {
  expect(await probe("http://127.0.0.1:9", { signal: AbortSignal.abort() })).toMatchObject({
    isReachable: false,
    problem: "The probe was cancelled.",
  });
  const controller = new AbortController();
  const report = await probeScript(
    listOf("m"),
    () => {
      controller.abort();
      return { steps: [stall()] };
    },
    { signal: controller.signal },
  );
  expect(report.problem).toBe("The probe was cancelled.");
});
