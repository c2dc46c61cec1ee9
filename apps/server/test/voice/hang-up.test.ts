import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { role, say, stall, type Reply } from "@llm-backend/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { piecewiseToolCall } from "../openai/tool-call-replies.ts";
import { program } from "../tools/tool-stage.ts";
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
  stage = await setVoiceStage({ config: { tools: { servers: { own: program({ permission: "always" }) } } } });
});
afterAll(async () => {
  await stage[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

describe.each(["/chat/completions", "/rag/chat/completions", "/v1/chat/completions"])(
  "a hang-up on %s",
  (path) => {
    it.each(phases)("ends the upstream's work at once: %s", async (_phase, reply) => {
      stage.upstream.setReply(reply);
      const gone = new AbortController();
      const asked = stage.ask(path, engineWords, { signal: gone.signal }).catch(() => undefined);
      const call = await stage.upstream.nextCall();
      const hungUpAt = performance.now();
      gone.abort();
      const { by, at } = await call.closed;
      await asked;
      expect(by).toBe("client");
      expect(at - hungUpAt).toBeLessThan(withinMs);
      await expect.poll(async () => (await readRecords(stage))[0]?.errorCode).toBe("cancelled");
    });
  },
);

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
