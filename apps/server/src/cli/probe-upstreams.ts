import { maskSecret, type FoundUpstream } from "@llm-backend/server";
import { createProber, listProviders, type Prober } from "../compose-probe.ts";
import type { ConfigFlags } from "../config/overrides.ts";
import { findUpstreams } from "../upstreams/find-upstreams.ts";
import { toUpstreams } from "../upstreams/to-upstreams.ts";
import { CommandFailure } from "./command-failure.ts";
import { readProcessEnvironment } from "./config-options.ts";
import { toJsonLine } from "./option-values.ts";
import { renderTable } from "./render-table.ts";
import { findUpstream, withUpstreams, type OpenedList } from "./with-upstreams.ts";

type Upstream = FoundUpstream["upstream"];
type ProbeReport = Awaited<ReturnType<Prober["probe"]>>;

/** What the commands that ask upstreams are told. */
export type ProbeFlags = ConfigFlags & { readonly model?: string; readonly json?: boolean };

type Probed = { readonly name: string; readonly key: string; readonly report: ProbeReport };

/** A model server may load a model first. */
const probeMs = 60_000;
const atOnceMax = 8;

/** `upstream test`: asks one upstream. @throws CommandFailure when it cannot be used as it is. */
export async function testUpstream(called: string, flags: ProbeFlags): Promise<void> {
  await withUpstreams(flags, async ({ config, list }) => {
    const { id } = await findUpstream(list, called);
    const { upstream } = await list.open({ id });
    await using prober = createProber(config);
    report(await probeAll(prober, [upstream], flags), flags);
  });
}

/** `doctor`: asks every upstream. @throws CommandFailure when one of them cannot be used as it is. */
export async function probeEverything(flags: ProbeFlags): Promise<void> {
  await withUpstreams(flags, async (opened) => {
    const upstreams = await listAll(opened);
    if (upstreams.length === 0) {
      process.stdout.write("There is no upstream; the built-in demo would answer.\n");
      return;
    }
    await using prober = createProber(opened.config);
    report(await probeAll(prober, upstreams, flags), flags);
  });
}

/** What a server that started now would work with: what the configuration names, or is found, and what was added. */
async function listAll({ config, list, storage }: OpenedList): Promise<Upstream[]> {
  const named = config.find_upstreams
    ? await findUpstreams({
        environment: readProcessEnvironment(),
        providers: listProviders(config),
        ownPorts: config.listen.map(({ port }) => port),
      }).then(({ found }) => found)
    : toUpstreams(config);
  const removed = new Set(
    (await storage.upstreams.list()).filter(({ removedAt }) => removedAt !== null).map(({ id }) => id),
  );
  const views = await list.list();
  const added = views.filter(({ source, isEnabled }) => isEnabled && (source === "cli" || source === "api"));
  return [
    ...named.map(({ upstream }) => upstream).filter(({ id }) => !removed.has(id)),
    ...(await Promise.all(added.map(async ({ id }) => (await list.open({ id })).upstream))),
  ];
}

/** Each key by itself: one that is refused would hide behind another that is not. */
async function probeAll(
  prober: Prober,
  upstreams: readonly Upstream[],
  { model }: ProbeFlags,
): Promise<Probed[]> {
  const waiting = upstreams.flatMap((upstream) =>
    upstream.keys.length === 0
      ? [{ upstream, key: upstream.passAuthorization === true ? "asis" : "none" }]
      : upstream.keys.map((key) => ({ upstream: { ...upstream, keys: [key] }, key: maskSecret(key) })),
  );
  const probed: Probed[] = [];
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const index = probed.push({ name: next.upstream.name, key: next.key, report: unasked }) - 1;
      const options = { signal: AbortSignal.timeout(probeMs), ...(model === undefined ? {} : { model }) };
      const found = await prober.probe(next.upstream, options);
      probed[index] = { name: next.upstream.name, key: next.key, report: found };
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnceMax, waiting.length) }, work));
  return probed;
}

const unasked: ProbeReport = {
  upstream: "",
  isReachable: false,
  isKeyAccepted: undefined,
  models: undefined,
  model: undefined,
  isStreaming: undefined,
  firstTokenMs: undefined,
  problem: "was not asked",
};

function report(probed: readonly Probed[], { json }: ProbeFlags): void {
  if (json === true) {
    for (const { key, report: found } of probed) process.stdout.write(toJsonLine({ ...found, key }));
  } else {
    const head = ["upstream", "key", "reached", "accepted", "models", "streams", "first token", "problem"];
    process.stdout.write(renderTable(head, probed.map(toRow)));
  }
  const bad = probed.filter(isBad).length;
  if (bad > 0) {
    const which = probed.length === 1 ? "The upstream" : `${bad} of ${probed.length} upstreams and keys`;
    throw new CommandFailure(`${which} cannot be used as ${bad === 1 ? "it is" : "they are"}.`);
  }
}

function isBad({ report: found }: Probed): boolean {
  return !found.isReachable || found.isKeyAccepted === false || found.problem !== undefined;
}

function toRow({ name, key, report: found }: Probed): string[] {
  const { firstTokenMs, models } = found;
  return [
    name,
    key,
    toWord(found.isReachable),
    toWord(found.isKeyAccepted),
    models === undefined ? "-" : String(models.length),
    toWord(found.isStreaming),
    firstTokenMs === undefined
      ? "-"
      : `${Math.round(firstTokenMs)} ms${found.model === undefined ? "" : ` (${found.model})`}`,
    found.problem ?? "",
  ];
}

function toWord(answer: boolean | undefined): string {
  if (answer === undefined) return "-";
  return answer ? "yes" : "no";
}
