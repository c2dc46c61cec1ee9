import { toChatRequest } from "../chat-request.ts";
import { inRounds, type Lab } from "../lab.ts";
import { measureTurn, turnColumns } from "../measure-turn.ts";
import { plain, type Ours } from "../ours/start-ours.ts";
import type { Report } from "../report.ts";
import { createSeries } from "../series.ts";
import { toTexts, type Script } from "../upstream/script.ts";

const small = [{ upstreams: 10, policy: "round_robin" }] as const;
/** In turn, each has connections of its own; where the first one answers, the list alone is what grows. */
const lists = [
  ...[1, 10, 100, 1000].map((upstreams) => ({ upstreams, policy: "round_robin" })),
  { upstreams: 1000, policy: "order" },
] as const;

/** What a request costs as the list of upstreams grows, asked in turns so that each of them has connections. */
export async function measurePool(lab: Lab): Promise<Report> {
  await using cleanup = new AsyncDisposableStack();
  const servers: Ours[] = [];
  for (const { upstreams, policy } of lab.isQuick ? small : lists) {
    const count = `${upstreams.toLocaleString("en")} upstream${upstreams === 1 ? "" : "s"}`;
    const name = policy === "round_robin" ? count : `${count}, the first asked`;
    const config = { ...plain.config, lb_policy: policy };
    const server = await lab.startOurs({ name, config, upstreams });
    servers.push(cleanup.use(server));
  }
  const script: Script = { kind: "burst", tokens: 100 };
  const series = createSeries(servers);
  const notes: string[] = [];
  const rounds = lab.rounds ?? lab.pick(5, 1);
  await inRounds(servers, rounds, async (server, isCounted) => {
    const { figures, problems } = await measureTurn(lab, server, {
      requests: [toChatRequest(server, { script, isStreamed: true })],
      connections: 16,
      form: "stream",
      text: toTexts(script.tokens).join(""),
      seconds: lab.pick(3, 0.2),
      unitsPerAnswer: 1,
    });
    notes.push(...problems);
    if (isCounted) series.add(server.name, figures);
  });
  const title = `A list of upstreams that grows: streams of 100 tokens, round robin; medians of ${rounds} rounds`;
  return { title, columns: turnColumns("request"), series, notes };
}
