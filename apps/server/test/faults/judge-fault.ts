import { answerAsAsked } from "@llm-backend/testing";
import { expect } from "vitest";
import { askChat } from "./chat-caller.ts";
import { setFaultStage, type FaultStage, type LoggedAttempt, type StageUpstream } from "./fault-stage.ts";
import type { HeardAnswer } from "./heard-answer.ts";
import { judge, judgeChat, type Verdict } from "./oracle.ts";

/** The text of the upstream that has no faults. */
export const goodText = "from the second, which is well: 好 😀";

/** Who asks: a caller of `/v1` who wants a stream, or all in one piece, or a user in a conversation. */
export type Face = "stream" | "whole" | "chat";

/** Faces of `/v1`. */
export const v1Faces = ["stream", "whole"] as const;
export const faces = [...v1Faces, "chat"] as const;

/** A fault that another upstream does not have. */
export type FaultBefore = {
  readonly upstream: StageUpstream;
  readonly entry?: Readonly<Record<string, unknown>>;
  readonly config?: Readonly<Record<string, unknown>>;
  /** What the attempts at it are called, one or several names. */
  readonly outcome?: string | readonly string[];
};

/** What came of a judged question. */
export type Judged = {
  readonly attempts: readonly LoggedAttempt[];
  /** How often each fake upstream was asked. */
  readonly calls: readonly number[];
  readonly heard: HeardAnswer | undefined;
  readonly stage: FaultStage;
};

const toStageOptions = (fault: FaultBefore, second: StageUpstream) => ({
  upstreams: [fault.upstream, second],
  entries: [fault.entry ?? {}, second === fault.upstream ? (fault.entry ?? {}) : {}],
  ...(fault.config !== undefined && { config: fault.config }),
});

/** What a question on one face brought; `heard` is what a caller of `/v1` heard. */
export type FaceVerdict = {
  readonly verdict: Verdict;
  readonly heard: HeardAnswer | undefined;
  readonly text: string;
};

/** Asks on one face, and judges the answer; without a text, every text will do. */
export async function judgeFace(stage: FaultStage, face: Face, said?: string): Promise<FaceVerdict> {
  if (face === "chat") {
    const told = await askChat(stage.backend);
    return { verdict: await judgeChat(stage, told, said ?? told.text), heard: undefined, text: told.text };
  }
  const heard = await stage.ask({ stream: face === "stream" });
  return { verdict: await judge(stage, heard, said ?? heard.text), heard, text: heard.text };
}

async function ask(stage: FaultStage, face: Face): Promise<HeardAnswer | undefined> {
  if (face === "chat") return undefined;
  return stage.ask({ stream: face === "stream" });
}

/** Asks an upstream with a fault first and a good one second: nothing of the fault shows. */
export async function judgePast(fault: FaultBefore, face: Face): Promise<Judged> {
  await using stage = await setFaultStage(toStageOptions(fault, answerAsAsked(goodText)));
  const { verdict, heard } = await judgeFace(stage, face, goodText);
  expect(verdict).toBe("whole");
  const attempts = stage.attempts();
  expect(attempts.at(-1)).toMatchObject({ outcome: "done", upstream: "upstream-1" });
  expect(attempts.length).toBeGreaterThan(1);
  const outcomes = [fault.outcome ?? []].flat();
  for (const { outcome } of attempts.slice(0, -1)) {
    if (outcomes.length > 0) expect(outcomes).toContain(outcome);
  }
  return { attempts, heard, stage, calls: stage.upstreams.map(({ calls }) => calls.length) };
}

/** What the caller is told when every upstream has the fault. */
export type Refusal = {
  readonly status: number | readonly number[];
  readonly code: string | readonly string[];
};

/** Asks two upstreams that both have the fault: the caller is told so once, in words of ours. */
export async function judgeAlone(fault: FaultBefore, face: Face, refusal: Refusal): Promise<Judged> {
  await using stage = await setFaultStage(toStageOptions(fault, fault.upstream));
  const heard = await ask(stage, face);
  if (heard === undefined) {
    const told = await askChat(stage.backend);
    expect(await judgeChat(stage, told, "")).toBe("refused");
    expect([refusal.code].flat()).toContain((told.endings[0] as { code?: string }).code);
  } else {
    expect(await judge(stage, heard, "")).toBe("refused");
    const { error } = heard.json as { error: { code: string } };
    expect([refusal.status].flat(), heard.body).toContain(heard.status);
    expect([refusal.code].flat()).toContain(error.code);
    // The official client would try again, and each of its attempts would be all of ours.
    expect(heard.headers["x-should-retry"]).toBe("false");
  }
  const attempts = stage.attempts();
  expect(new Set(attempts.map(({ upstream }) => upstream))).toEqual(new Set(["upstream-0", "upstream-1"]));
  return { attempts, heard, stage, calls: stage.upstreams.map(({ calls }) => calls.length) };
}
