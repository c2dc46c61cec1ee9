import { renderTable } from "../render-table.ts";
import { toText, type Report } from "./report.ts";
import type { ScenarioName } from "./scenarios.ts";

/** Where a figure stands. */
type Place = {
  readonly scenario: ScenarioName;
  readonly contender: string;
  readonly figure: string;
  /** Whose figure of the same round it is compared with; without one it is taken as it is. */
  readonly over?: string;
};

/** At least so many times more, or, of what costs, so many times less; or at most so much. */
type Demand = { readonly least: number } | { readonly most: number };

/** A figure that is to be reached: what it is, where it stands, what is asked of it, its unit. */
type Goal = readonly [text: string, place: Place, demand: Demand, unit: string];

const raw = "raw node:http";
const ours = "ours";
/** Figures of which less is better. */
const costs: ReadonlySet<string> = new Set(["cpuMicros"]);

const goals: readonly Goal[] = [
  ...streamed(raw, 3),
  ...streamed("Portkey", 8),
  ...streamed("Fastify + openai", 12),
  ["not streamed, requests/s, raw =", inLoop("requests", ours, raw), { least: 1.5 }, "×"],
  ["not streamed, requests/s, Portkey =", inLoop("requests", ours, "Portkey"), { least: 7 }, "×"],
  ["streamed and recorded, tokens/s, raw =", inLoop("burst", "ours, text recorded", raw), { least: 2 }, "×"],
  ["/api chat, tokens/s, raw =", inLoop("chat", "/api chat", raw), { least: 1.5 }, "×"],
  ["tRPC SSE chat, tokens/s, raw =", inLoop("chat", "tRPC SSE chat", raw), { least: 1 }, "×"],
  ["paced, CPU per token, raw =", atPace("cpuMicros"), { most: 1.05 }, "×"],
  ["paced, delay per token p99, raw =", atPace("delayP99Ms"), { most: 1 }, "×"],
  ["paced, resident memory, raw =", atPace("residentMib"), { most: 1.3 }, "×"],
  ["5,000 streams, not whole", inCrowd("broken"), { most: 0 }, ""],
  ["5,000 streams, resident", inCrowd("kibPerStream"), { most: 40 }, "KiB/stream"],
  ["first token, added p50", toFirst("addedP50"), { most: 1 }, "ms"],
  ["first token, added p99", toFirst("addedP99"), { most: 5 }, "ms"],
  [
    "1,000 upstreams, CPU per request, one =",
    growing("pool", "1,000 upstreams", "1 upstream"),
    { most: 1.1 },
    "×",
  ],
  [
    "10⁶ records, CPU per request, 2 × 10⁴ =",
    growing("records", "1,000,000 records", "20,000 records"),
    { most: 1.1 },
    "×",
  ],
];

function streamed(over: string, least: number): Goal[] {
  const place = inLoop("burst", ours, over);
  return [
    [`streamed, tokens/s, ${over} =`, place, { least }, "×"],
    [`streamed, less CPU per token than ${over}`, { ...place, figure: "cpuMicros" }, { least }, "×"],
  ];
}

function inLoop(scenario: ScenarioName, contender: string, over: string): Place {
  return { scenario, contender, figure: "perSecond", over };
}

function atPace(figure: string): Place {
  return { scenario: "paced", contender: ours, figure, over: raw };
}

function inCrowd(figure: string): Place {
  return { scenario: "crowd", contender: ours, figure };
}

function toFirst(figure: string): Place {
  return { scenario: "first-token", contender: ours, figure };
}

function growing(scenario: ScenarioName, contender: string, over: string): Place {
  return { scenario, contender, figure: "cpuMicros", over };
}

/** Renders what was asked for, what was measured, and whether that is enough; only what was measured. */
export function renderGoals(reports: ReadonlyMap<ScenarioName, Report>): string {
  const cells = goals.flatMap(([text, place, demand, unit]) => {
    const report = reports.get(place.scenario);
    if (report === undefined) return [];
    const measured = read(report, place, "least" in demand);
    return [[text, `${toText(measured, 2)} ${unit}`, toWords(demand, unit), judge(measured, demand)]];
  });
  return `## Goals\n\n${renderTable(["goal", "measured", "asked", "met"], cells)}`;
}

function read({ series }: Report, { contender, figure, over }: Place, isLeast: boolean): number {
  if (over === undefined) return series.median(contender, figure);
  // "Twelve times less CPU" is the other's CPU divided by ours.
  if (isLeast && costs.has(figure)) return series.ratio(over, { name: contender, figure });
  return series.ratio(contender, { name: over, figure });
}

function toWords(demand: Demand, unit: string): string {
  return "least" in demand ? `≥ ${demand.least} ${unit}` : `≤ ${demand.most} ${unit}`;
}

function judge(measured: number, demand: Demand): string {
  if (Number.isNaN(measured)) return "not measured";
  const isMet = "least" in demand ? measured >= demand.least : measured <= demand.most;
  return isMet ? "yes" : "no";
}
