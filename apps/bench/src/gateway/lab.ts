import type { Contender } from "../rivals/contender.ts";
import { startScript, type ScriptProcess } from "../script-process.ts";
import { contenders, type ContenderName } from "./contenders.ts";
import { startLoad, type Load } from "./load/start-load.ts";
import type { LaunchOptions } from "./ours/launch-server.ts";
import { startOurs, type Ours, type Variant } from "./ours/start-ours.ts";

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
export type Lab = AsyncDisposable & {
  readonly upstream: ScriptProcess;
  readonly load: Load;
  /** What `--rounds` says. */
  readonly rounds: number | undefined;
  readonly isQuick: boolean;
  readonly launch: LaunchOptions;
  /** The number for a full run, or the small one. */
  pick(full: number, quick: number): number;
  /** Starts contenders anew, so that none carries what an earlier scenario left in its memory. */
  start(names: readonly ContenderName[]): Promise<Field>;
  /** Starts a server of ours, as anew. */
  startOurs(variant: Variant): Promise<Ours>;
};

/** Builds the server, and starts upstream and reader. */
export async function createLab(options: LabOptions): Promise<Lab> {
  const { isQuick, rounds, rivals, launch } = options;
  await using cleanup = new AsyncDisposableStack();
  const upstream = cleanup.use(await startScript(new URL("upstream/main.ts", import.meta.url)));
  const load = cleanup.use(startLoad());
  const kept = cleanup.move();
  const take = isQuick ? createShelf(kept) : <TStarted>(_: string, start: () => TStarted) => start();
  const takesPart = (name: ContenderName) => name.startsWith("ours") || (rivals?.includes(name) ?? true);
  return {
    isQuick,
    rounds,
    launch,
    upstream,
    load,
    pick: (full, quick) => (isQuick ? quick : full),
    start: (names) =>
      startField(names.filter(takesPart), (name) =>
        take<Contender | string>(name, () => contenders[name](upstream.port, launch)),
      ),
    startOurs: (variant) => take(variant.name, () => startOurs(variant, upstream.port, launch)),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** Starts everything once only, and ends it with the lab: a quick run would do little else than start processes. */
function createShelf(cleanup: AsyncDisposableStack) {
  const shelf = new Map<string, Contender | string>();
  return async <TStarted extends Contender | string>(
    name: string,
    start: () => Promise<TStarted>,
  ): Promise<TStarted> => {
    const known = shelf.get(name) as TStarted | undefined;
    const started = known ?? (await start());
    if (typeof started === "string") return started;
    if (known === undefined) cleanup.use(started);
    shelf.set(name, started);
    return { ...(started as object), [Symbol.asyncDispose]: async () => {} } as unknown as TStarted;
  };
}

async function startField(
  names: readonly ContenderName[],
  start: (name: ContenderName) => Promise<Contender | string>,
): Promise<Field> {
  await using cleanup = new AsyncDisposableStack();
  const running: Contender[] = [];
  const notes: string[] = [];
  for (const name of names) {
    const started = await start(name);
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
