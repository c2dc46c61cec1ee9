import { text } from "node:stream/consumers";
import { addUpstreamInput } from "@llm-backend/contract";
import type { Command } from "commander";
import type { ConfigFlags } from "../config/overrides.ts";
import { addConfigOptions } from "./config-options.ts";
import { collect, collectPairs, readInput, toNumber, withoutUndefined } from "./option-values.ts";
import { testUpstream } from "./probe-upstreams.ts";
import { renderJson, renderPlain, renderUpstreams, toShown } from "./show-upstreams.ts";
import { findUpstream, listUnstarted, withUpstreams } from "./with-upstreams.ts";

type ListFlags = ConfigFlags & { readonly plain?: boolean; readonly json?: boolean };

type AddFlags = ConfigFlags & {
  readonly endpoint: string;
  readonly name?: string;
  readonly key?: readonly string[];
  readonly keyStdin?: boolean;
  readonly model?: readonly string[];
  readonly deny?: readonly string[];
  readonly alias?: Readonly<Record<string, string>>;
  readonly weight?: number;
  readonly tier?: number;
  readonly concurrencyMax?: number;
  readonly queueMax?: number;
  readonly midstream?: string;
  readonly prefill?: string;
  readonly keepHeader?: boolean;
  readonly discover?: boolean;
  readonly token?: readonly string[];
  readonly open?: boolean;
};

/** `upstream …`: the pool, also while a server runs on it. */
export function addUpstreamCommands(program: Command): void {
  const upstream = program.command("upstream").description("adds, lists, removes and tests upstreams");
  addAddCommand(upstream);
  addConfigOptions(
    upstream.command("list").description("lists the upstreams in their order, with what was counted of them"),
  )
    .option("--plain", "key, endpoint, successes, failures, last success, separated by tabs")
    .option("--json", "one line of JSON for each")
    .action(list);
  addConfigOptions(
    upstream
      .command("remove")
      .argument("<name or id>")
      .description("removes an upstream; one of the configuration until its entry there is changed"),
  ).action(remove);
  addConfigOptions(
    upstream
      .command("test")
      .argument("<name or id>")
      .description("asks an upstream for its models, and one of them for a few words"),
  )
    .option("--model <model>", "the model to ask (default: the first that it names)")
    .option("--json", "one line of JSON for each key")
    .action(testUpstream);
}

function addAddCommand(upstream: Command): void {
  addConfigOptions(upstream.command("add").description("adds an upstream; a running server uses it at once"))
    .requiredOption("--endpoint <url>", "its base URL, with or without /v1 at its end")
    .option("--name <name>", "what logs and records call it (default: the endpoint's host)")
    .option(
      "--key <key>",
      "its key, which everybody on this machine can see here; several times for several; asis passes the caller's on",
      collect,
    )
    .option("--key-stdin", "reads keys from standard input, one on each line")
    .option("--model <pattern>", "a model that it serves, * for any characters; several times", collect)
    .option("--deny <pattern>", "a model that it does not serve; several times", collect)
    .option("--alias <name=model>", "what callers may call a model; several times", collectPairs)
    .option("--discover", "its own list says what it serves")
    .option("--weight <number>", "its share under the policy weighted", toNumber)
    .option("--tier <number>", "asked only when no lower tier can answer", toNumber)
    .option("--concurrency-max <number>", "the most requests at a time", toNumber)
    .option("--queue-max <number>", "the most that wait for one of those places", toNumber)
    .option("--midstream <policy>", "when its stream breaks off: off, exact or continue")
    .option("--prefill <dialect>", "how it is told to go on: plain, prefix, partial or final_message")
    .option("--keep-header", "passes the caller's headers on")
    .option("--token <token>", "a caller's token that opens it; several times", collect)
    .option("--open", "opens it to everyone, without any token")
    .action(add);
}

async function add(flags: AddFlags): Promise<void> {
  const keys = [...(flags.key ?? []), ...(flags.keyStdin === true ? await readKeys() : [])];
  const isAsIs = keys.includes("asis");
  const input = readInput(
    addUpstreamInput,
    withoutUndefined({
      endpoint: flags.endpoint,
      name: flags.name,
      keys: keys.filter((key) => key !== "asis" && key !== ""),
      passAuthorization: isAsIs || undefined,
      models: flags.model,
      deny: flags.deny,
      aliases: flags.alias,
      discover: flags.discover,
      weight: flags.weight,
      tier: flags.tier,
      concurrencyMax: flags.concurrencyMax,
      queueMax: flags.queueMax,
      midstream: flags.midstream,
      prefill: flags.prefill,
      keepHeaders: flags.keepHeader,
      tokens: flags.token,
      isOpen: flags.open,
    }),
  );
  const added = await withUpstreams(flags, (opened) => opened.list.add(input, "cli"));
  process.stdout.write(`Added the upstream ${added.name}, id ${added.id}: ${added.endpoint}\n`);
}

async function readKeys(): Promise<string[]> {
  return (await text(process.stdin)).split("\n").map((line) => line.trim());
}

async function list(flags: ListFlags): Promise<void> {
  const shown = await withUpstreams(flags, async (opened) => {
    const { showKeys: showsKeys } = opened.config.gateway;
    const started = await opened.list.list({ showsKeys });
    const unstarted = await listUnstarted(opened);
    return [...started, ...unstarted.map((read) => toShown(read, showsKeys))];
  });
  if (flags.json === true) process.stdout.write(renderJson(shown));
  else process.stdout.write(flags.plain === true ? renderPlain(shown) : renderUpstreams(shown));
}

async function remove(called: string, flags: ConfigFlags): Promise<void> {
  await withUpstreams(flags, async ({ list: upstreams }) => {
    const { id, name, source } = await findUpstream(upstreams, called);
    await upstreams.remove({ id });
    const isFound = source !== "cli" && source !== "api";
    const until = isFound ? "; it stays removed until what names it there is changed" : "";
    process.stdout.write(`Removed the upstream ${name}${until}.\n`);
  });
}
