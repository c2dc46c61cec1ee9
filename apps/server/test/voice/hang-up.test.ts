import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { answer, embedding, raw, role, say, stall, type Reply } from "@llm-backend/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { soonest } from "../openai/soonest.ts";
import { piecewiseToolCall } from "../openai/tool-call-replies.ts";
import { program } from "../tools/tool-stage.ts";
import { fillBase } from "./fill-base.ts";
import { engineWords, readRecords, setVoiceStage, type VoiceStage } from "./voice-stage.ts";

const withinMs = 100;
const phases: readonly (readonly [string, Reply])[] = [
  ["before the first byte", { steps: [stall()] }],
  ["before the first word", { steps: [role(), stall()] }],
  ["while it speaks", { steps: [role(), say("Hello"), stall()] }],
];

let stage: VoiceStage;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "hang-up-"));
  stage = await setVoiceStage({
    entries: [{ models: ["fake-model", "fake-embedder"] }],
    config: { tools: { servers: { own: program({ permission: "always" }) } } },
  });
});
afterAll(async () => {
  await stage[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

/** Asks, hangs up once the upstream has had so many calls, and gives how long the last one of them went on after that. */
async function hangUp(
  path: string,
  given: { readonly fields?: object; readonly calls?: number; readonly token?: string } = {},
): Promise<number> {
  const before = stage.upstream.calls.length;
  const known = new Set((await readRecords(stage)).map(({ recordId }) => recordId));
  const gone = new AbortController();
  const { fields = engineWords, calls = 1, token } = given;
  const asked = stage.ask(path, fields, { signal: gone.signal, token }).catch(() => undefined);
  await expect.poll(() => stage.upstream.calls.length, { interval: 2, timeout: 5000 }).toBe(before + calls);
  const hungUpAt = performance.now();
  gone.abort();
  const { by, at } = (await stage.upstream.calls.at(-1)?.closed) ?? { by: "nobody", at: Infinity };
  await asked;
  expect(by).toBe("client");
  const own = path.replace("/v1", "");
  const findRecord = async () =>
    (await readRecords(stage)).find((record) => record.path === own && !known.has(record.recordId));
  await expect.poll(async () => (await findRecord())?.errorCode).toBe("cancelled");
  expect(stage.upstream.calls).toHaveLength(before + calls);
  return at - hungUpAt;
}

describe.each(["/chat/completions", "/rag/chat/completions", "/v1/chat/completions"])(
  "a hang-up on %s",
  (path) => {
    it.each(phases)("ends the upstream's work at once: %s", async (_phase, reply) => {
      stage.upstream.setReply(reply);
      expect(await soonest(withinMs, () => hangUp(path))).toBeLessThan(withinMs);
    });
  },
);

const json = { "content-type": "application/json" };
it.each([
  ["before the first byte", { steps: [stall()] }],
  ["in the middle", { headers: json, steps: [raw('{"id":"c","choices":['), stall()] }],
] as const)("an answer in one piece is given up at once: %s", async (_phase, reply) => {
  stage.upstream.setReply(reply);
  const fields = { ...engineWords, stream: false };
  expect(await soonest(withinMs, () => hangUp("/chat/completions", { fields }))).toBeLessThan(withinMs);
});

it("a question that was asked again, with a tool's result, is given up at once", async () => {
  const measure = () => {
    stage.upstream.setReply({ steps: [role(), stall()] });
    stage.upstream.enqueue(piecewiseToolCall([{ name: "own__echo", arguments: '{"text":"one"}' }]));
    return hangUp("/chat/completions", { calls: 2 });
  };
  expect(await soonest(withinMs, measure)).toBeLessThan(withinMs);
});

it("a search in a knowledge base is given up at once, and no model is asked", async () => {
  let isStuck = false;
  stage.upstream.setReply((call) => {
    if (!call.path.endsWith("/embeddings")) return answer("Four francs.");
    return isStuck ? { steps: [stall()] } : embedding()(call);
  });
  const { baseId, secret: token } = await fillBase(stage, { embeddingModel: "fake-embedder" });
  const fields = { ...engineWords, knowledge_base: baseId };
  isStuck = true;
  const measure = () => hangUp("/rag/chat/completions", { fields, token });
  expect(await soonest(withinMs, measure)).toBeLessThan(withinMs);
  expect(stage.upstream.calls.at(-1)?.path).toMatch(/\/embeddings$/);
  const record = (await readRecords(stage)).find(({ path }) => path === "/rag/chat/completions");
  expect(record?.voice).toMatchObject({ knowledgeBase: baseId, turn_id: engineWords.turn_id });
  // Whoever asks next is answered.
  isStuck = false;
  expect((await stage.ask("/rag/chat/completions", fields, { token })).text).toBe("Four francs.");
});

it("ends the tool that is running as well", async () => {
  const mark = join(folder, "tool");
  const name = "own__hang";
  stage.upstream.setReply(piecewiseToolCall([{ name, arguments: JSON.stringify({ mark }) }]));
  const gone = new AbortController();
  const asked = stage.ask("/chat/completions", {}, { signal: gone.signal }).catch(() => undefined);
  await expect.poll(() => existsSync(`${mark}.begun`), { timeout: 5000, interval: 5 }).toBe(true);
  const before = stage.upstream.calls.length;
  gone.abort();
  await asked;
  await expect.poll(() => existsSync(`${mark}.ended`), { timeout: 1000, interval: 5 }).toBe(true);
  expect(stage.upstream.calls).toHaveLength(before);
});
