import { answer, type Call, type ReplyChoice } from "@llm-backend/testing";
import { afterAll, beforeAll, beforeEach } from "vitest";
import { setVoiceStage, type AskedBody, type VoiceStage } from "./voice-stage.ts";

/** A stage that the tests of a file share, as one of them sees it. */
export type SharedStage = VoiceStage & {
  /** What its upstream was asked in this test. */
  calls(): readonly Call[];
  asked(): AskedBody[];
};

/** Sets one stage for all tests of a file; gives what names the reply of a test's upstream, and hands the stage out. */
export function shareStage(): (reply?: ReplyChoice) => SharedStage {
  let shared: VoiceStage;
  let seen = 0;
  beforeAll(async () => {
    shared = await setVoiceStage();
  });
  afterAll(() => shared[Symbol.asyncDispose]());
  beforeEach(() => {
    seen = shared.upstream.calls.length;
  });
  return (reply = answer(["Hello", " world"])) => {
    shared.upstream.setReply(reply);
    return {
      ...shared,
      calls: () => shared.upstream.calls.slice(seen),
      asked: () => shared.asked().slice(seen),
    };
  };
}
