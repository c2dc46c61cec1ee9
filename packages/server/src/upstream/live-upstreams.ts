import type {
  AddUpstreamInput,
  TestUpstreamInput,
  UpdateUpstreamInput,
  UpstreamRefInput,
  UpstreamView,
} from "@llm-backend/contract";
import type { Gateway, ProbeReport } from "@llm-backend/gateway";
import type { Storage } from "@llm-backend/storage";
import { createHealthFeed } from "./health-feed.ts";
import type { UpstreamAccess } from "./stored-upstream.ts";
import { createTallyKeeper } from "./tally-keeper.ts";
import type { UpstreamService } from "./upstream-service.ts";

/** The list of upstreams and the gateway that works with it, kept together. */
export type LiveUpstreams = ReturnType<typeof createLiveUpstreams>;

/** Who may use one upstream. */
export type UpstreamAccessEntry = UpstreamAccess & { readonly upstreamId: string };

/** What the list is kept alive with. */
export type LiveUpstreamsDeps = {
  readonly list: UpstreamService;
  readonly storage: Storage;
  readonly gateway: Gateway;
  /** Learns who may use what, before the gateway has the new list. */
  readonly onLoaded?: (access: readonly UpstreamAccessEntry[]) => void;
  /** Learns that the list was changed through here, once it is in use. */
  readonly onChanged?: () => void;
  /** Learns of what goes wrong where no caller waits. */
  readonly onError: (error: unknown) => void;
  readonly now: () => number;
};

const pollMs = 1000;
const flushMs = 5000;
const figuresMs = 2000;

/**
 * Creates the live list: changes that are made through it act at once, those of other processes (commands beside the
 * server) when `poll` notices them, which happens every second after `start`.
 */
export function createLiveUpstreams(deps: LiveUpstreamsDeps) {
  const { list, storage, gateway, onError } = deps;
  const keeper = createTallyKeeper({ storage, gateway });
  const feed = createHealthFeed({ readHealth: () => gateway.health(), now: deps.now, figuresMs });
  const inTurn = createTurns();
  const timers: NodeJS.Timeout[] = [];
  let loaded = -1;
  let isFailing = false;

  /** Tells of the first failure of several in a row: a database that is away says the same every second. */
  const attempt = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
      isFailing = false;
    } catch (error) {
      if (!isFailing) onError(error);
      isFailing = true;
    }
  };

  async function loadNow(): Promise<void> {
    // Who comes back to the gateway begins with all that was counted of them.
    await attempt(keeper.flush);
    const { revision, upstreams, unreadable } = await list.readUsed();
    // No pause from here on: no request may meet a new upstream under the old rules.
    keeper.collect();
    deps.onLoaded?.(upstreams.map(({ upstream, access }) => ({ upstreamId: upstream.id, ...access })));
    gateway.replaceUpstreams(upstreams.map(({ upstream }) => upstream));
    keeper.rebase();
    loaded = revision;
    feed.publishFigures();
    if (unreadable.length > 0) {
      const names = unreadable.join(", ");
      onError(new Error(`The keys of these upstreams do not open, so that they are not used: ${names}.`));
    }
  }

  const load = () => inTurn(loadNow);

  const loadChanged = async () => {
    await load();
    deps.onChanged?.();
  };

  const poll = () =>
    inTurn(async () => {
      if ((await list.readRevision()) !== loaded) await loadNow();
    });

  const flush = () => inTurn(keeper.flush);

  return {
    /** Hands the stored list to the gateway. */
    load,
    /** Does so if the list has changed since. */
    poll,
    /** Stores what was counted. */
    flush,

    /** Begins to look for changes of other processes, and to store what is counted. */
    start(): void {
      timers.push(setInterval(() => void attempt(poll), pollMs).unref());
      timers.push(setInterval(() => void attempt(flush), flushMs).unref());
    },

    /** Ends all that, and stores what was counted. */
    async close(): Promise<void> {
      for (const timer of timers.splice(0)) clearInterval(timer);
      feed.close();
      await attempt(flush);
    },

    /** The list, with everything that was counted up to now. */
    list: (options: { showsKeys?: boolean } = {}): Promise<UpstreamView[]> =>
      inTurn(async () => {
        await attempt(keeper.flush);
        return list.list(options);
      }),

    async add(input: AddUpstreamInput): Promise<UpstreamView> {
      const added = await list.add(input, "api");
      await loadChanged();
      return added;
    },

    async update(input: UpdateUpstreamInput): Promise<UpstreamView> {
      const updated = await list.update(input);
      await loadChanged();
      return updated;
    },

    async remove(input: UpstreamRefInput): Promise<void> {
      await list.remove(input);
      await loadChanged();
    },

    /** Asks an upstream what it is and can, also one that is switched off. */
    async test(
      { id, model }: TestUpstreamInput,
      options: { signal?: AbortSignal } = {},
    ): Promise<ProbeReport> {
      const { upstream } = await list.open({ id });
      return gateway.probe(upstream, { ...options, ...(model === undefined ? {} : { model }) });
    },

    /** Passes a change of somebody's health on to whoever follows it. */
    noteHealthChange: feed.note,
    /** How everybody is now, then every change, and the figures every two seconds; until the signal. */
    followHealth: feed.follow,
  };
}

/** Runs one piece of work after another: what was asked for earlier is done first. */
function createTurns() {
  let last: Promise<unknown> = Promise.resolve();
  return <T>(work: () => Promise<T>): Promise<T> => {
    const turn = last.then(work);
    last = turn.catch(() => undefined);
    return turn;
  };
}
