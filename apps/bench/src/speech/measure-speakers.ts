import { answer } from "@llm-backend/testing";
import { readProcess, readProcessTree } from "../process-figures.ts";
import { renderTable } from "../render-table.ts";
import { median, percentile } from "../statistics.ts";
import { hearAnswer, type HeardPieces } from "./hear-answer.ts";
import { startSpeechStage } from "./speech-stage.ts";

const sentence = "The quick brown fox jumps over the lazy dog, and nobody knows why it does so. ";
const leadSeconds = 0.4;

/** How long sound takes to be made, as a share of how long it is heard: up to the caller, everything on the way included. */
export async function measureRealTime(rounds: number): Promise<string> {
  // Sound in the lead is sent when it is made.
  await using stage = await startSpeechStage(10);
  const text = sentence.repeat(2);
  stage.upstream.setReply(answer(text));
  const factors: number[] = [];
  for (let round = -1; round < rounds; round++) {
    const { piecesAt, soundMs } = await hearAnswer(stage.backend.url, stage.token, "Hi");
    const takenMs = (piecesAt.at(-1) ?? 0) - (piecesAt[0] ?? 0);
    if (round >= 0) factors.push(takenMs / soundMs);
  }
  const row = [text.length, median(factors).toFixed(4), Math.max(...factors).toFixed(4)].map(String);
  return renderTable(["characters", "real-time factor, median", "most"], [row]);
}

/** How exactly pieces come at the time at which they should, and what that costs. */
export async function measurePacing(speakers: readonly number[], sentences: number): Promise<string> {
  const rows: string[][] = [];
  for (const count of speakers) {
    await using stage = await startSpeechStage(leadSeconds);
    stage.upstream.setReply(answer("Warm."));
    await hearAnswer(stage.backend.url, stage.token, "Hi");
    stage.upstream.setReply(answer(sentence.repeat(sentences)));
    const { pid } = stage.backend;
    const before = [readProcess(pid).cpuMs, readProcessTree(pid).cpuMs] as const;
    const heard = await Promise.all(
      Array.from({ length: count }, () => hearAnswer(stage.backend.url, stage.token, "Hi")),
    );
    const seconds = heard.reduce((sum, { soundMs }) => sum + soundMs, 0) / 1000;
    const server = readProcess(pid).cpuMs - before[0];
    const all = readProcessTree(pid).cpuMs - before[1];
    const errors = heard.flatMap(toErrors);
    rows.push([
      String(count),
      median(errors).toFixed(1),
      percentile(errors, 99).toFixed(1),
      Math.max(...errors).toFixed(1),
      (server / seconds).toFixed(1),
      ((all - server) / seconds).toFixed(1),
    ]);
  }
  const head = [
    "speakers",
    "pacing error ms, median",
    "p99",
    "most",
    "server's CPU ms a second of sound",
    "synthesiser's",
  ];
  return renderTable(head, rows);
}

/** How far each piece behind the lead is from its time, whether early or late. */
function toErrors({ piecesAt }: HeardPieces): number[] {
  const [begin = 0] = piecesAt;
  return piecesAt.flatMap((at, index) => {
    const dueMs = index * 40 - leadSeconds * 1000;
    return dueMs <= 0 ? [] : [Math.abs(at - begin - dueMs)];
  });
}
