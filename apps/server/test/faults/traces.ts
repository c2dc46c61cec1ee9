import { expect } from "vitest";
import { until } from "../callers/chat-stage.ts";
import type { FaultStage } from "./fault-stage.ts";
import type { HeardAnswer } from "./heard-answer.ts";
import { callerToken } from "./v1-caller.ts";

/** One measurement: its labels and its value. */
type Sample = { readonly labels: Readonly<Record<string, string>>; readonly value: number };

/** Reads the samples of one metric. */
function readSamples(text: string, name: string): Sample[] {
  const lines = text.matchAll(new RegExp(String.raw`^${name}(?:\{(.*)\})? (\S+)$`, "gm"));
  return Array.from(lines, ([, labels = "", value]) => ({
    labels: Object.fromEntries(Array.from(labels.matchAll(/(\w+)="([^"]*)"/g), ([, key, one]) => [key, one])),
    value: Number(value),
  }));
}

const sum = (samples: readonly Sample[]): number => samples.reduce((total, { value }) => total + value, 0);

async function readMetrics({ backend }: FaultStage): Promise<string> {
  return (await fetch(`${backend.url}/v1/metrics`)).text();
}

/** I5 and I8: no gauge stays up, and every attempt is counted under the name that the log gives it. */
export async function judgeTraces(stage: FaultStage): Promise<void> {
  let text = "";
  await until(async () => {
    text = await readMetrics(stage);
    const gauges = ["llm_backend_requests_in_flight", "llm_backend_upstream_in_flight"];
    return gauges.every((name) => sum(readSamples(text, name)) === 0);
  }, "nothing is in flight any more");
  const attempts = stage.attempts();
  const counted = readSamples(text, "llm_backend_attempts_total");
  const logged = Map.groupBy(attempts, ({ upstream, outcome }) => `${upstream} ${outcome}`);
  for (const [key, { length }] of logged) {
    const metric = counted.filter(({ labels }) => `${labels.upstream} ${labels.outcome}` === key);
    expect(sum(metric), `attempts: ${key}`).toBe(length);
  }
  expect(sum(counted)).toBe(attempts.length);
}

type EarlierRecord = { readonly ID: string; readonly Status: number; readonly Response: string };

/** How much of an answer's text a record keeps unless it is told otherwise. */
const recordedCharsMax = 16_384;

/** I4 and I8: the record of an answer holds the text that the caller got, and no secret. */
export async function judgeRecord(stage: FaultStage, heard: HeardAnswer): Promise<void> {
  const headers = { authorization: `Bearer ${callerToken}` };
  let found: EarlierRecord | undefined;
  await until(async () => {
    const answer = await fetch(`${stage.backend.url}/admin/request_records`, { headers });
    const records = (await answer.json()) as EarlierRecord[];
    found = records.find(({ ID }) => ID === heard.headers["x-request-id"]);
    return found !== undefined;
  }, "the record of an answer");
  expect(found?.Status).toBe(heard.status);
  expect(found?.Response).toBe((heard.text + heard.refusal).slice(0, recordedCharsMax));
  expect(JSON.stringify(found)).not.toMatch(/sk-canary/);
  expect(JSON.stringify(found)).not.toContain(callerToken);
}
