import { expect } from "vitest";
import type { ChatHeard } from "./chat-caller.ts";
import type { FaultStage } from "./fault-stage.ts";
import { isFullSize } from "./full-size.ts";
import type { HeardAnswer, WireError } from "./heard-answer.ts";
import { judgeRecord, judgeTraces } from "./traces.ts";

/**
 * How an answer ended. `whole`: everything that there is, and it says so. `broken`: some of it, and it says so.
 * `refused`: an error instead of an answer.
 */
export type Verdict = "whole" | "broken" | "refused";

/** Statuses whose body is the upstream's own, in whatever form it has. */
const passedOn = new Set([400, 404, 409, 413, 415, 422]);

const innards =
  /\n\s+at |node_modules|\/packages\/|\.ts:\d|SQLITE|SELECT |ECONN|ENOTFOUND|127\.0\.0\.1|undici|UND_ERR/;

function judgeError(error: WireError | undefined, isOurs: boolean): void {
  expect(error?.message).toEqual(expect.stringMatching(/./));
  if (!isOurs) return;
  expect(error).toMatchObject({ type: expect.stringMatching(/./), code: expect.stringMatching(/./) });
}

/** I6: nothing that is none of the caller's business, in what is not the answer itself. */
function judgeSecrecy(shown: string, secrets: readonly string[]): void {
  for (const secret of secrets) expect(shown).not.toContain(secret);
  expect(shown).not.toMatch(/sk-canary/);
}

function judgeRefusal(heard: HeardAnswer): Verdict {
  const { error } = (heard.json ?? {}) as { error?: WireError };
  expect(heard.isCut, "an error comes whole").toBe(false);
  expect(heard.headers["content-type"]).toMatch(/^application\/json/);
  judgeError(error, !passedOn.has(heard.status));
  expect(heard.body).not.toMatch(innards);
  expect(heard.status, "a caller whose token is good is not told otherwise").not.toBe(401);
  if (heard.status === 429 || heard.status === 503) {
    expect(heard.headers["retry-after"]).toMatch(/^\d+$/);
    expect(Number(heard.headers["retry-after"])).toBeLessThanOrEqual(60);
  }
  return "refused";
}

function judgeStream(heard: HeardAnswer): Verdict {
  expect(heard.isCut, "a stream ends in good order, with an error if need be").toBe(false);
  expect(heard.unfinished, "nothing stands behind the last event").toBe("");
  // With `Connection: close`, some clients take a cut for an end.
  expect(heard.headers.connection ?? "").not.toMatch(/close/i);
  const names = new Set(heard.events.map(({ name }) => name));
  expect([...names].filter((name) => name !== "message" && name !== "error")).toEqual([]);
  if (heard.errors.length > 0) {
    expect([heard.errors.length, heard.dones], "one ending").toEqual([1, 0]);
    expect(heard.events.at(-1)?.data, "nothing comes after the error").toContain('"error"');
    judgeError(heard.errors[0], true);
    expect(heard.events.at(-1)?.data).not.toMatch(innards);
    return "broken";
  }
  expect(heard.dones, "one ending").toBe(1);
  expect(heard.events.at(-1)?.data).toBe("[DONE]");
  expect(heard.finishReasons, "a finish reason before [DONE]").toHaveLength(1);
  return "whole";
}

function judgeCompletion(heard: HeardAnswer): Verdict {
  expect(heard.isCut, "an answer in one piece comes whole or not at all").toBe(false);
  expect(heard.finishReasons).toHaveLength(1);
  return "whole";
}

/** I3 and I6, on what one caller of `/v1/chat/completions` saw. */
export function judgeEnding(heard: HeardAnswer, secrets: readonly string[]): Verdict {
  judgeSecrecy(JSON.stringify(heard.headers) + heard.body, secrets);
  if (heard.status !== 200) return judgeRefusal(heard);
  return heard.isStream ? judgeStream(heard) : judgeCompletion(heard);
}

/** I4: nothing of the text is lost, doubled or made up. */
export function judgeText(text: string, said: string, verdict: Verdict): void {
  if (verdict === "whole") expect(text).toBe(said);
  else expect(said.startsWith(text), `“${text}” is how “${said}” begins`).toBe(true);
}

const settleMsMax = 2_000;
/** How much work may stand before an answer of /healthz; it is the tests' own, too. */
const healthWorkMsMax = 500;
/** Nothing is so slow on any machine, unless it hangs. */
const healthMsMax = 15_000;

/** I5: whatever upstreams were doing for us, they do no more. */
async function judgeUpstreams({ upstreams }: FaultStage): Promise<void> {
  const answered = Promise.all(upstreams.flatMap(({ calls }) => calls.map((call) => call.answered)));
  const { promise: late, resolve } = Promise.withResolvers<string>();
  const timer = setTimeout(resolve, settleMsMax, "calls that nobody waits for any more are still open");
  expect(await Promise.race([answered.then(() => "settled"), late])).toBe("settled");
  clearTimeout(timer);
}

/** I1, I5 and I8: what is left of a fault once it is over. */
export async function judgeAftermath(stage: FaultStage): Promise<void> {
  expect(stage.health.failures).toEqual([]);
  expect(stage.health.busiestMs()).toBeLessThan(healthWorkMsMax);
  expect(stage.health.slowestMs()).toBeLessThan(healthMsMax);
  await judgeUpstreams(stage);
  expect(stage.backend.logLines.filter((line) => line.includes("Internal error"))).toEqual([]);
  await judgeTraces(stage);
}

/**
 * Everything that holds after any fault whatsoever.
 *
 * @param said - The text that the script says before anything goes wrong.
 */
export async function judge(stage: FaultStage, heard: HeardAnswer, said: string): Promise<Verdict> {
  const verdict = judgeEnding(heard, stage.secrets);
  judgeText(heard.text, said, verdict);
  await judgeAftermath(stage);
  // Records are written a moment later, which a sample can wait for: the answers that are hardest to get right.
  if (verdict === "broken" || isFullSize) await judgeRecord(stage, heard);
  return verdict;
}

/** The same for an answer in a conversation, which is stored besides. */
export async function judgeChat(stage: FaultStage, heard: ChatHeard, said: string): Promise<Verdict> {
  judgeSecrecy(heard.shown, stage.secrets);
  expect(heard.endings, "one ending").toHaveLength(1);
  expect(heard.stored).toBe(heard.text);
  const isDone = heard.endings[0]?.type === "run-done";
  expect(heard.state).toBe(isDone ? "done" : "failed");
  const broken: Verdict = heard.text === "" ? "refused" : "broken";
  const verdict = isDone ? "whole" : broken;
  judgeText(heard.text, said, verdict);
  await judgeAftermath(stage);
  return verdict;
}
