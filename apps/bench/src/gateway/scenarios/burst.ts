import { toChatRequest } from "../chat-request.ts";
import type { ContenderName } from "../contenders.ts";
import { inRounds, type Lab } from "../lab.ts";
import { measureTurn, turnColumns } from "../measure-turn.ts";
import { tellShed } from "../ours/start-ours.ts";
import type { Report } from "../report.ts";
import { createSeries } from "../series.ts";
import { toTexts, type Script } from "../upstream/script.ts";

type Load = {
  readonly contenders: readonly ContenderName[];
  readonly script: Script;
  readonly isStreamed: boolean;
  readonly connections: number;
  readonly unit: "token" | "request";
};

/** Streams as fast as the upstream sends them: tokens per second, and CPU for each. */
export function measureBurst(lab: Lab): Promise<Report> {
  const tokens = lab.pick(2000, 200);
  return measure(lab, `Streamed, ${tokens} tokens an answer as fast as the upstream sends, 8 at once`, {
    contenders: everybody,
    script: { kind: "burst", tokens },
    isStreamed: true,
    connections: 8,
    unit: "token",
  });
}

/** Answers in one piece: requests per second, and CPU for each. */
export function measureRequests(lab: Lab): Promise<Report> {
  return measure(lab, "Not streamed, 100 tokens an answer, 32 at once", {
    // In long streams what a connection costs does not show.
    contenders: ["raw", "raw-anew", ...everybody.slice(1)],
    script: { kind: "burst", tokens: 100 },
    isStreamed: false,
    connections: 32,
    unit: "request",
  });
}

// A quick run leaves the last two out.
const everybody: readonly ContenderName[] = [
  "raw",
  "nginx",
  "portkey",
  "afternoon",
  "ours",
  "ours-recorded",
  "ours-limited",
  "ours-open",
];

async function measure(lab: Lab, what: string, load: Load): Promise<Report> {
  const { contenders, script, isStreamed, connections, unit } = load;
  await using field = await lab.start(lab.isQuick ? contenders.slice(0, -2) : contenders);
  const series = createSeries(field.running);
  const rounds = lab.rounds ?? lab.pick(7, 1);
  await inRounds(field.running, rounds, async (contender, isCounted) => {
    const { figures, problems } = await measureTurn(lab, contender, {
      requests: [toChatRequest(contender, { script, isStreamed })],
      connections,
      form: isStreamed ? "stream" : "whole",
      text: toTexts(script.tokens).join(""),
      seconds: lab.pick(2, 0.2),
      unitsPerAnswer: unit === "token" ? script.tokens : 1,
    });
    field.notes.push(...problems);
    if (isCounted) series.add(contender.name, figures);
  });
  for (const contender of field.running) field.notes.push(...(await tellShed(contender)));
  const title = `${what}; medians of ${rounds} rounds`;
  return { title, columns: turnColumns(unit), series, notes: field.notes };
}
