import type { Gateway, UpstreamTally } from "@llm-backend/gateway";
import type { Storage, UpstreamTallyRecord } from "@llm-backend/storage";

/** Carries what the gateway counts into the database, where other processes add theirs. */
export type TallyKeeper = {
  /** Takes what the gateway has counted since it was last asked; to be called right before its list is replaced. */
  readonly collect: () => void;
  /** Takes the gateway's present counts as known; to be called right after its list was replaced. */
  readonly rebase: () => void;
  /** Stores what was counted. What could not be stored is kept for the next time. */
  readonly flush: () => Promise<void>;
};

/** Creates a keeper. */
export function createTallyKeeper({
  storage,
  gateway,
}: {
  storage: Storage;
  gateway: Pick<Gateway, "health">;
}): TallyKeeper {
  let known = new Map<string, UpstreamTally>();
  const counted = new Map<string, UpstreamTallyRecord>();

  const readHealth = () => new Map(gateway.health().map((health) => [health.id, health]));

  function keep(more: UpstreamTallyRecord): void {
    const earlier = counted.get(more.upstreamId);
    counted.set(more.upstreamId, earlier === undefined ? more : addTallies(earlier, more));
  }

  function collect(): void {
    const current = readHealth();
    for (const [id, tally] of current) {
      const more = toDifference(id, tally, known.get(id));
      if (more !== undefined) keep(more);
    }
    known = current;
  }

  return {
    collect,
    rebase() {
      known = readHealth();
    },
    async flush() {
      collect();
      if (counted.size === 0) return;
      const written = [...counted.values()];
      counted.clear();
      try {
        await storage.relaxedTransaction(async (tx) => {
          for (const tally of written) await tx.upstreams.addTally(tally);
        });
      } catch (error) {
        for (const tally of written) keep(tally);
        throw error;
      }
    },
  };
}

/** Adds what was counted later to what was counted earlier. */
function addTallies(earlier: UpstreamTallyRecord, more: UpstreamTallyRecord): UpstreamTallyRecord {
  return {
    upstreamId: more.upstreamId,
    successes: earlier.successes + more.successes,
    failures: earlier.failures + more.failures,
    lastSuccessAt: toLater(earlier.lastSuccessAt, more.lastSuccessAt),
    lastFailureAt: toLater(earlier.lastFailureAt, more.lastFailureAt),
  };
}

function toDifference(
  upstreamId: string,
  tally: UpstreamTally,
  known: UpstreamTally | undefined,
): UpstreamTallyRecord | undefined {
  const successes = tally.successes - (known?.successes ?? 0);
  const failures = tally.failures - (known?.failures ?? 0);
  // Less than before: its counts began anew, and nothing can be told.
  if (successes < 0 || failures < 0 || (successes === 0 && failures === 0)) return undefined;
  return {
    upstreamId,
    successes,
    failures,
    lastSuccessAt: successes === 0 ? null : (tally.lastSuccessAt ?? null),
    lastFailureAt: failures === 0 ? null : (tally.lastFailureAt ?? null),
  };
}

const toLater = (a: number | null, b: number | null) => (a === null || (b !== null && b > a) ? b : a);
