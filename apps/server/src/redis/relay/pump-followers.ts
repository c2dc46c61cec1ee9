/** The processes that follow one run of this process, and how far they are. */
export type PumpFollowers = {
  names(): string[];
  /** A process is there, and has so much. */
  note(name: string, position: number): void;
  /** Answers with the number of those who are left. */
  remove(name: string): number;
  /** Forgets those who have said nothing for long; answers with the number of those who are left. */
  forgetSilent(): number;
  /** Waits until the one who is furthest is not far behind a position. */
  untilTaken(position: number, signal: AbortSignal): Promise<void>;
};

/** So many characters may be on their way. */
const aheadMax = 262_144;

/** Creates the list; who says nothing for `silentMsMax` is gone. */
export function createPumpFollowers(silentMsMax: number): PumpFollowers {
  const followers = new Map<string, { until: number; taken: number }>();
  let change = Promise.withResolvers<void>();

  const taken = () => Math.max(0, ...Array.from(followers.values(), (follower) => follower.taken));

  return {
    names: () => [...followers.keys()],
    note(name, position) {
      const before = followers.get(name)?.taken ?? 0;
      followers.set(name, { until: performance.now() + silentMsMax, taken: Math.max(before, position) });
      change.resolve();
    },
    remove(name) {
      followers.delete(name);
      return followers.size;
    },
    forgetSilent() {
      const now = performance.now();
      for (const [name, { until }] of followers) if (until < now) followers.delete(name);
      return followers.size;
    },
    async untilTaken(position, signal) {
      if (position - taken() <= aheadMax) return;
      const wake = () => change.resolve();
      signal.addEventListener("abort", wake, { once: true });
      while (!signal.aborted && position - taken() > aheadMax) {
        change = Promise.withResolvers<void>();
        await change.promise;
      }
      signal.removeEventListener("abort", wake);
    },
  };
}
