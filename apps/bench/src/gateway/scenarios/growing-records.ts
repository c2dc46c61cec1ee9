import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toChatRequest } from "../chat-request.ts";
import { inRounds, type Lab } from "../lab.ts";
import { measureTurn, turnColumns, type Turn } from "../measure-turn.ts";
import { startOurs, tellShed, type Ours, type Variant } from "../ours/start-ours.ts";
import type { Report } from "../report.ts";
import { createSeries } from "../series.ts";
import { toTexts, type Script } from "../upstream/script.ts";

const script: Script = { kind: "burst", tokens: 10 };

/**
 * What a request costs as the records grow: servers on databases that hold so many, side by side. Each is started anew
 * on its database and has answered equally often, since code that has run longer is faster.
 */
export async function measureRecords(lab: Lab): Promise<Report> {
  await using cleanup = new AsyncDisposableStack();
  const servers: Ours[] = [];
  const notes: string[] = [];
  const warmup = lab.pick(20_000, 50);
  for (const size of lab.isQuick ? [100] : [20_000, 100_000, 1_000_000]) {
    const dataFolder = await mkdtemp(join(tmpdir(), "llm-backend-bench-records-"));
    cleanup.defer(() => rm(dataFolder, { recursive: true, force: true }));
    const config = { records: { bodies: "off", megabytes_max: 1_000_000 } };
    const variant = { name: `${size.toLocaleString("en")} records`, config, dataFolder };
    if (size > warmup) notes.push(...(await fill(lab, { variant, records: size - warmup })));
    const server = cleanup.use(await lab.startOurs(variant));
    const { problems } = await measureTurn(lab, server, toTurn(server, warmup));
    servers.push(server);
    notes.push(...problems);
  }
  const series = createSeries(servers);
  // Many short turns: what disturbs the machine for a second then falls on all of them, or is left out by the median.
  const rounds = Math.max(lab.rounds ?? 0, lab.pick(15, 1));
  const asked = lab.pick(1500, 50);
  await inRounds(servers, rounds, async (server, isCounted) => {
    const { figures, problems } = await measureTurn(lab, server, toTurn(server, asked));
    notes.push(...problems);
    if (isCounted) series.add(server.name, figures);
  });
  for (const server of servers) notes.push(...(await tellShed(server)));
  const title =
    `Records that grow: ${asked.toLocaleString("en")} requests to each in a round, not streamed; ` +
    `medians of ${rounds} rounds`;
  return { title, columns: turnColumns("request"), series, notes };
}

/** Lets a server answer until its database holds so many records. */
async function fill(
  lab: Lab,
  given: { readonly variant: Variant; readonly records: number },
): Promise<string[]> {
  const { variant, records } = given;
  await using server = await startOurs({ ...variant, name: "filling" }, lab.upstream.port, lab.launch);
  const { problems } = await measureTurn(lab, server, toTurn(server, records));
  return [...problems, ...(await tellShed(server))];
}

function toTurn(server: Ours, answers: number): Turn {
  return {
    requests: [toChatRequest(server, { script, isStreamed: false })],
    answers,
    connections: 16,
    form: "whole",
    text: toTexts(script.tokens).join(""),
    unitsPerAnswer: 1,
  };
}
