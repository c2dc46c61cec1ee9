import type { Contender } from "../rivals/contender.ts";
import { startScript, type ScriptProcess } from "../script-process.ts";
import { contenders, type ContenderName } from "./contenders.ts";
import { startLoad, type Load } from "./load/start-load.ts";
import { buildServer, type LaunchOptions } from "./ours/launch-server.ts";

/** How much is measured. */
export type LabOptions = {
  /** Small sizes: shows that everything works, not what it costs. */
  readonly isQuick: boolean;
  /** How often each contender has its turn; each scenario has a default of its own. */
  readonly rounds: number | undefined;
  /** Who takes part; ours always do. */
  readonly rivals: readonly string[] | undefined;
  /** How servers of ours are started. */
  readonly launch: LaunchOptions;
};

/** Contenders that run, side by side. */
export type Field = AsyncDisposable & {
  readonly running: readonly Contender[];
  /** Who is missing, and why. */
  readonly notes: string[];
};

/** Everything that a scenario needs: one upstream and one reader, each a process of its own. */
export type Lab = AsyncDisposable &
  LabOptions & {
    readonly upstream: ScriptProcess;
    readonly load: Load;
    /** The number for a full run, or the small one. */
    pick(full: number, quick: number): number;
    /** Starts contenders anew, so that none carries what an earlier scenario left in its memory. */
    start(names: readonly ContenderName[]): Promise<Field>;
  };

/** Starts upstream and reader. */
export async function createLab(options: LabOptions): Promise<Lab> {
  if (!options.launch.isFromSource) await buildServer();
  await using cleanup = new AsyncDisposableStack();
  const upstream = cleanup.use(await startScript(new URL("upstream/main.ts", import.meta.url)));
  const load = cleanup.use(startLoad());
  const kept = cleanup.move();
  return {
    ...options,
    upstream,
    load,
    pick: (full, quick) => (options.isQuick ? quick : full),
    start: (names) =>
      startField(names.filter(takesPart(options)), { port: upstream.port, launch: options.launch }),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

function takesPart({ rivals }: LabOptions) {
  return (name: ContenderName) => name.startsWith("ours") || (rivals?.includes(name) ?? true);
}

async function startField(
  names: readonly ContenderName[],
  { port, launch }: { readonly port: number; readonly launch: LaunchOptions },
): Promise<Field> {
  await using cleanup = new AsyncDisposableStack();
  const running: Contender[] = [];
  const notes: string[] = [];
  for (const name of names) {
    const started = await contenders[name](port, launch);
    if (typeof started === "string") notes.push(`Missing: ${started}.`);
    else running.push(cleanup.use(started));
  }
  const kept = cleanup.move();
  return { running, notes, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** Gives every contender its turn in each round. The first round warms everything up and is not counted. */
export async function inRounds<TContender>(
  running: readonly TContender[],
  rounds: number,
  turn: (contender: TContender, isCounted: boolean) => Promise<void>,
): Promise<void> {
  for (let round = 0; round <= rounds; round++) {
    for (let index = 0; index < running.length; index++) {
      // Whoever comes first must not always be the same one.
      await turn(running[(round + index) % running.length] as TContender, round > 0);
    }
  }
}
