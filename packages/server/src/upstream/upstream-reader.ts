import { DomainError, type UpstreamRefInput, type UpstreamView } from "@llm-backend/contract";
import type { Repositories, Storage, UpstreamRecord, UpstreamTallyRecord } from "@llm-backend/storage";
import type { OpenedUpstream, UpstreamSeal } from "./stored-upstream.ts";
import { toUpstreamView } from "./upstream-view.ts";

/** The list at one moment, ready for the gateway: without what is removed or switched off. */
export type UsedUpstreams = {
  readonly revision: number;
  readonly upstreams: readonly OpenedUpstream[];
  /** The names of those whose keys do not open: they were sealed with another master key. */
  readonly unreadable: readonly string[];
};

/** Tells whether an upstream is on the list, and not only remembered as removed. */
export function isListed({ removedAt }: UpstreamRecord): boolean {
  return removedAt === null;
}

/** @throws DomainError `not_found` for a number that no upstream has, or none any more. */
export async function getListed(
  { upstreams }: Pick<Repositories, "upstreams">,
  number: number,
): Promise<UpstreamRecord> {
  const record = await upstreams.findByNumber(number);
  if (record === undefined || !isListed(record))
    throw new DomainError("not_found", "There is no such upstream.");
  return record;
}

/** Shows one upstream, masked. */
export async function showUpstream(
  { storage, seal }: { storage: Storage; seal: UpstreamSeal },
  record: UpstreamRecord,
): Promise<UpstreamView> {
  const tallies = await storage.upstreams.listTallies();
  const tally = tallies.find(({ upstreamId }) => upstreamId === record.id);
  return toUpstreamView({ record, opened: seal.tryOpen(record), tally });
}

/** Creates what reads the list, for people and for the gateway. */
export function createUpstreamReader({ storage, seal }: { storage: Storage; seal: UpstreamSeal }) {
  const readTallies = async () =>
    new Map((await storage.upstreams.listTallies()).map((tally) => [tally.upstreamId, tally]));

  return {
    /** The list in its order; keys and tokens are masked unless `showsKeys` says otherwise. */
    async list({ showsKeys = false } = {}): Promise<UpstreamView[]> {
      const tallies = await readTallies();
      const records = (await storage.upstreams.list()).filter(isListed);
      return records.map((record) => {
        const shown = { record, opened: seal.tryOpen(record), tally: tallies.get(record.id) };
        return toUpstreamView(shown, showsKeys);
      });
    },

    /**
     * One upstream with its keys, also one that is switched off.
     *
     * @throws DomainError `not_found`
     */
    async open({ id: number }: UpstreamRefInput): Promise<OpenedUpstream> {
      return seal.open(await getListed(storage, number));
    },

    /** The list for the gateway, each with what all processes have counted of it. */
    async readUsed(): Promise<UsedUpstreams> {
      // Read first: a change in between is then noticed as one that is still to come.
      const revision = await storage.upstreams.readRevision();
      const tallies = await readTallies();
      const records = toUsed(await storage.upstreams.list());
      const opened = records.map((record) => ({ record, upstream: seal.tryOpen(record) }));
      return {
        revision,
        upstreams: opened.flatMap(({ record, upstream }) =>
          upstream === undefined ? [] : [withTally(upstream, tallies.get(record.id))],
        ),
        unreadable: opened.flatMap(({ record, upstream }) => (upstream === undefined ? [record.name] : [])),
      };
    },

    /** Grows with every change of the list, in whatever process. */
    readRevision: () => storage.upstreams.readRevision(),
  };
}

/** The built-in demo stands in for upstreams; as soon as there is one, it answers nobody any more. */
function toUsed(records: readonly UpstreamRecord[]): UpstreamRecord[] {
  const used = records.filter((record) => isListed(record) && record.isEnabled);
  const real = used.filter(({ source }) => source !== "demo");
  return real.length > 0 ? real : used;
}

function withTally(opened: OpenedUpstream, tally: UpstreamTallyRecord | undefined): OpenedUpstream {
  if (tally === undefined) return opened;
  const { successes, failures, lastSuccessAt, lastFailureAt } = tally;
  const counted = {
    successes,
    failures,
    lastSuccessAt: lastSuccessAt ?? undefined,
    lastFailureAt: lastFailureAt ?? undefined,
  };
  return { ...opened, upstream: { ...opened.upstream, tally: counted } };
}
