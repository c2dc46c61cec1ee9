import { answer } from "@llm-backend/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { setStage, type OpenAiStage } from "../openai/openai-stage.ts";
import { askAudio } from "./audio-stage.ts";

let stage: OpenAiStage;

beforeAll(async () => {
  stage = await setStage({ config: { speech: { lead_seconds: 0.2 } } });
  stage.upstream.setReply(answer("Text for a second or two."));
});
afterAll(() => stage[Symbol.asyncDispose]());

/** A busy machine is late, never early; the clocks of both sides differ by how long the way takes. */
const earlyMsMax = 60;
/** That much of it may be late on a machine that is busy with other tests. */
const lateMsMax = 2_000;

describe("sound", () => {
  it("comes at the speed at which it is heard, a little ahead of it", async () => {
    const { pieces } = await askAudio(stage.backend.url);
    expect(pieces.length).toBeGreaterThan(25);
    const begin = pieces[0]?.at ?? 0;
    for (const [index, { at }] of pieces.entries())
      expect(at - begin).toBeGreaterThan(index * 40 - 200 - earlyMsMax);
    const lastHeard = (pieces.length - 1) * 40;
    expect((pieces.at(-1)?.at ?? 0) - begin).toBeLessThan(lastHeard + lateMsMax);
  });
});
