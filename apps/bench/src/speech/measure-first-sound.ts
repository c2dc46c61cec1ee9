import { finish, say } from "@llm-backend/testing";
import { renderTable } from "../render-table.ts";
import { median, percentile } from "../statistics.ts";
import { hearAnswer } from "./hear-answer.ts";
import { startSpeechStage, type SpeechStage } from "./speech-stage.ts";

/** How the first sentence ends, as the model writes it. */
const endings = [
  {
    name: "the next word's blank shows the end",
    first: "Here is the first sentence. ",
    second: "And here is another one.",
  },
  {
    name: "nothing follows the full stop",
    first: "Here is the first sentence.",
    second: " And here is another one.",
  },
  { name: "Chinese", first: "这是第一句话。", second: "这是第二句话。" },
] as const;

/** The first sentence has been written so long before anything else comes. */
const thinkingMs = 400;

/**
 * From the moment at which the model's first sentence is complete to the first piece of sound at the caller; warm, and
 * with a server that has spoken to nobody yet.
 */
export async function measureFirstSound(rounds: number, coldRounds: number): Promise<string> {
  const rows: string[][] = [];
  await using stage = await startSpeechStage(10);
  for (const ending of endings) {
    const all: number[] = [];
    // The first ones warm everything up and are not counted.
    for (let round = -3; round < rounds; round++) {
      const ms = await measure(stage, ending);
      if (round >= 0) all.push(ms);
    }
    rows.push(toRow(`warm: ${ending.name}`, all));
  }
  const [plain] = endings;
  const cold: number[] = [];
  for (let round = 0; round < coldRounds; round++) {
    await using fresh = await startSpeechStage(10);
    cold.push(await measure(fresh, plain));
  }
  rows.push(toRow("cold: the first answer of a server", cold));
  const head = ["first sentence's end → first sound, ms", "median", "p99", "most"];
  return `two sentences, the second one ${thinkingMs} ms later\n${renderTable(head, rows)}`;
}

async function measure(stage: SpeechStage, { first, second }: (typeof endings)[number]): Promise<number> {
  const hand = stage.expectQuestion();
  const before = stage.upstream.calls.length;
  const heard = hearAnswer(stage.backend.url, stage.token, "Hi");
  while (stage.upstream.calls.length === before) await new Promise((resolve) => setTimeout(resolve, 1));
  const saidAt = performance.now();
  hand.push(say(first));
  await new Promise((resolve) => setTimeout(resolve, thinkingMs));
  hand.push(say(second), finish());
  hand.end();
  const { piecesAt } = await heard;
  return (piecesAt[0] ?? Number.NaN) - saidAt;
}

const toRow = (name: string, all: readonly number[]): string[] => [
  name,
  ...[median(all), percentile(all, 99), Math.max(...all)].map((ms) => ms.toFixed(1)),
];
