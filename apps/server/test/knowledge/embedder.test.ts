import { DomainError } from "@llm-backend/contract";
import type { EmbedOptions } from "@llm-backend/knowledge";
import { createEmbeddingService, createNewId } from "@llm-backend/server";
import {
  createFakeUpstream,
  embedding,
  fail,
  page,
  readTexts,
  stall,
  startBackend,
  toFakeVector,
  type FakeUpstream,
  type ReplyChoice,
  type TestBackend,
} from "@llm-backend/testing";
import { expect, it } from "vitest";

const model = "fake-embedder";

/** Embeds for a new user of a backend. */
async function embedThrough(
  { server }: TestBackend,
  texts: readonly string[],
): Promise<readonly Float32Array[]> {
  const { forward, users } = server.backend.services;
  const { id: userId } = await users.create({ username: "another", password: "password", role: "user" });
  const service = createEmbeddingService({ forward, newId: createNewId(Date.now) });
  const signal = new AbortController().signal;
  return service.embedder(model).embed(texts, { signal, purpose: "passage", userId });
}

/** An embedder over a real backend, and everything that is written down of its calls. */
async function openEmbedder(...replies: readonly ReplyChoice[]) {
  await using cleanup = new AsyncDisposableStack();
  const upstreams: FakeUpstream[] = [];
  for (const reply of replies) upstreams.push(cleanup.use(await createFakeUpstream({ reply })));
  const backend = cleanup.use(await startBackend({ upstreams: upstreams.map(({ url }) => url) }));
  const { forward, users, records } = backend.server.backend.services;
  const { id: userId } = await users.create({ username: "owner", password: "password", role: "user" });
  const service = createEmbeddingService({ forward, newId: createNewId(Date.now) });
  const signal = new AbortController().signal;
  const embed = (texts: readonly string[], given: Partial<EmbedOptions> = {}) =>
    service.embedder(model).embed(texts, { signal, purpose: "passage", userId, ...given });
  const kept = cleanup.move();
  return { upstreams, embed, userId, records, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

const toVectors = (texts: readonly string[]) => texts.map((text) => Float32Array.from(toFakeVector(text)));
const numbered = (count: number) => Array.from({ length: count }, (_, index) => `text number ${index}`);

it("gives each text its vector, in few calls, of one user, with records", async () => {
  await using opened = await openEmbedder(embedding());
  const texts = numbered(130);
  expect(await opened.embed(texts)).toEqual(toVectors(texts));
  const calls = opened.upstreams[0]?.calls ?? [];
  expect(calls.map((call) => readTexts(call).length)).toEqual([64, 64, 2]);
  await opened.records.flush();
  const { records } = await opened.records.list({ limit: 10 });
  expect(records.map(({ userId, model: asked, status }) => [userId, asked, status])).toEqual(
    Array.from({ length: 3 }, () => [opened.userId, model, 200]),
  );
  expect(records[0]?.usage.promptTokens).toBeGreaterThan(0);
});

it("asks for less at a time where vectors come as long numbers", async () => {
  await using opened = await openEmbedder(embedding({ isPlain: true }));
  const texts = numbered(100);
  expect(await opened.embed(texts)).toEqual(toVectors(texts));
  expect(opened.upstreams[0]?.calls.map((call) => readTexts(call).length)).toEqual([64, 16, 16, 4]);
});

it("asks again in plain numbers where the packed form is refused, and only once", async () => {
  const refusing: ReplyChoice = (call) =>
    (call.body as { encoding_format?: string }).encoding_format === undefined
      ? embedding()(call)
      : fail(400, { error: { message: "encoding_format is not supported" } });
  await using opened = await openEmbedder(refusing);
  expect(await opened.embed(["one"])).toEqual(toVectors(["one"]));
  expect(await opened.embed(["two"])).toEqual(toVectors(["two"]));
  expect(opened.upstreams[0]?.calls).toHaveLength(3);
});

it("cuts a text that is too long for the model, and says which", async () => {
  const charsMax = 1000;
  const strict: ReplyChoice = (call) =>
    readTexts(call).some((text) => text.length > charsMax)
      ? fail(400, { error: { message: "too long", code: "context_length_exceeded" } })
      : embedding()(call);
  await using opened = await openEmbedder(strict);
  const cuts: [number, number][] = [];
  const texts = ["short", "x".repeat(3000), "also short", "y".repeat(999)];
  const vectors = await opened.embed(texts, { onCut: (index, chars) => cuts.push([index, chars]) });
  expect(cuts).toEqual([[1, 750]]);
  expect(vectors).toEqual(toVectors(["short", "x".repeat(750), "also short", "y".repeat(999)]));
  const asked = opened.upstreams[0]?.calls.length ?? 0;
  await opened.embed(["z".repeat(3000)]);
  expect(opened.upstreams[0]?.calls).toHaveLength(asked + 1);
});

it("asks another upstream where the first one fails", async () => {
  await using opened = await openEmbedder(fail(500), embedding());
  expect(await opened.embed(["one"])).toEqual(toVectors(["one"]));
});

it("takes no vectors of a model that stands in for another: they would not belong together", async () => {
  await using other = await createFakeUpstream({ reply: embedding() });
  await using failing = await createFakeUpstream({ reply: fail(500) });
  const entry = (url: string, name: string) => ({ endpoint: url, models: [name] });
  await using backend = await startBackend({
    upstreams: [entry(failing.url, model), entry(other.url, "other-embedder")],
    config: { gateway: { fallbacks: { [model]: ["other-embedder"] } } },
  });
  const answer = await embedThrough(backend, ["one"]).catch((error: unknown) => error);
  expect(DomainError.is(answer) && answer.code).toBe("upstream_unavailable");
  expect(other.calls.filter(({ path }) => path.endsWith("/embeddings"))).toEqual([]);
});

it("refuses a wrong answer, and says that asking again is of no use", async () => {
  await using opened = await openEmbedder(page("application/json", '{"data":[]}'));
  const error: unknown = await opened.embed(["one"]).catch((thrown: unknown) => thrown);
  expect(DomainError.is(error) && [error.code, error.message, error.details?.issues?.length]).toEqual([
    "upstream_unavailable",
    "The embedding model gave a wrong answer: 0 vectors came for 1 texts.",
    1,
  ]);
});

it("reads no more of an answer than vectors can have", async () => {
  await using opened = await openEmbedder(page("application/json", " ".repeat(48 * 1024 * 1024)));
  await expect(opened.embed(["one"])).rejects.toThrow(
    "The embedding model gave a wrong answer: it is far too long.",
  );
  expect((await opened.upstreams[0]?.calls[0]?.closed)?.by).toBe("client");
});

it("refuses models that differ behind one name", async () => {
  const answers = [embedding(), embedding({ toVector: () => [1, 2] })];
  let turn = 0;
  await using opened = await openEmbedder((call) => (answers[turn++] ?? embedding())(call));
  await expect(opened.embed(numbered(100))).rejects.toThrow("one vector has 2 numbers, another one 8");
});

it("leaves the upstream at once when it is aborted", async () => {
  await using opened = await openEmbedder({ steps: [stall()] });
  const aborting = new AbortController();
  const embedded = opened.embed(["one"], { signal: aborting.signal });
  const call = await opened.upstreams[0]?.nextCall();
  aborting.abort(new Error("not needed any more"));
  await expect(embedded).rejects.toThrow("not needed any more");
  expect((await call?.closed)?.by).toBe("client");
});
