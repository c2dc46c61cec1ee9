import type {
  AddUpstreamInput,
  UpdateUpstreamInput,
  UpstreamRefInput,
  UpstreamView,
} from "@llm-backend/contract";
import type { Repositories, Storage, UpstreamRecord } from "@llm-backend/storage";
import { createNewId, type NewId } from "../identity/new-id.ts";
import type { SealBox } from "../secrets/seal-box.ts";
import { isFoundAtStart, mergeFound, type FoundUpstream } from "./merge-found.ts";
import { createUpstreamSeal, type UpstreamSeal } from "./stored-upstream.ts";
import {
  applyUpstreamChange,
  requireFreeName,
  requireNoCopy,
  requireReadable,
  toAddedUpstream,
} from "./upstream-input.ts";
import { toDefaultName, toFreeName } from "./upstream-name.ts";
import { createUpstreamReader, getListed, isListed, showUpstream } from "./upstream-reader.ts";

/** The list of upstreams as the database has it: what the server, its commands and its administrators share. */
export type UpstreamService = ReturnType<typeof createUpstreamService>;

type Known = { readonly seal: UpstreamSeal; readonly newId: NewId; readonly now: () => number };

/** Creates the service. It needs no gateway: commands use it beside a running server, which notices their changes. */
export function createUpstreamService(deps: { storage: Storage; sealBox: SealBox; now: () => number }) {
  const { storage, now } = deps;
  const seal = createUpstreamSeal(deps.sealBox);
  const known: Known = { seal, now, newId: createNewId(now) };
  const show = (record: UpstreamRecord) => showUpstream({ storage, seal }, record);

  const change = <T>(work: (tx: Repositories) => Promise<T>): Promise<T> =>
    storage.transaction(async (tx) => {
      const result = await work(tx);
      await tx.upstreams.bumpRevision();
      return result;
    });

  return {
    ...createUpstreamReader({ storage, seal }),

    /**
     * Brings the list together with what was found at this start; `mergeFound` has the rules.
     *
     * @returns sentences for the log, about everything that is not as it was found.
     */
    replaceFound: (found: readonly FoundUpstream[]): Promise<readonly string[]> =>
      storage.transaction((tx) => writeFound(tx, { found, ...known })),

    /**
     * Adds an upstream behind all others.
     *
     * @throws DomainError `invalid_input`; `conflict` when its name is taken, or the same is there already.
     */
    async add(input: AddUpstreamInput, source: "cli" | "api"): Promise<UpstreamView> {
      return show(await change((tx) => writeAdded(tx, { input, source, ...known })));
    },

    /**
     * Changes what is said, and nothing else; a key that is written as it was shown stays.
     *
     * @throws DomainError `not_found`, `invalid_input`; `conflict` when its new name is taken.
     */
    async update(input: UpdateUpstreamInput): Promise<UpstreamView> {
      return show(await change((tx) => writeUpdated(tx, { input, ...known })));
    },

    /**
     * Removes an upstream, its keys, and what was counted of it. One that the configuration names stays removed until
     * its entry there is changed.
     *
     * @throws DomainError `not_found`
     */
    remove: ({ id: number }: UpstreamRefInput): Promise<void> =>
      change(async (tx) => {
        const record = await getListed(tx, number);
        if (!isFoundAtStart(record)) return tx.upstreams.delete(record.id);
        await tx.upstreams.deleteTally(record.id);
        await tx.upstreams.update(toTombstone(record, now()));
      }),
  };
}

async function writeFound(
  tx: Repositories,
  { found, seal, now }: Known & { found: readonly FoundUpstream[] },
): Promise<readonly string[]> {
  const merge = mergeFound(await tx.upstreams.list(), found, { seal, now: now() });
  for (const { id } of merge.deleted) await tx.upstreams.delete(id);
  // Names may change hands: everybody lays theirs down before anybody takes one up.
  for (const { before, after } of merge.updated) {
    if (before.name !== after.name) await tx.upstreams.update({ ...before, name: before.id });
  }
  for (const { after } of merge.updated) await tx.upstreams.update(after);
  for (const record of merge.inserted) {
    await tx.upstreams.insert({ ...record, number: await tx.upstreams.takeNumber() });
  }
  const changes = merge.deleted.length + merge.updated.length + merge.inserted.length;
  if (changes > 0) await tx.upstreams.bumpRevision();
  return merge.sentences;
}

async function writeAdded(
  tx: Repositories,
  given: Known & { input: AddUpstreamInput; source: "cli" | "api" },
): Promise<UpstreamRecord> {
  const { input, source, seal, now } = given;
  const records = await tx.upstreams.list();
  const taken = toNames(records);
  const id = given.newId.text("ups");
  const name = input.name ?? toFreeName(toDefaultName(input.endpoint), taken);
  requireFreeName(name, taken);
  const added = toAddedUpstream(input, { id, name });
  requireNoCopy(
    added,
    records.filter(isListed).flatMap((record) => seal.tryOpen(record) ?? []),
  );
  const at = now();
  const record: UpstreamRecord = {
    ...seal.toFields(added),
    id,
    number: await tx.upstreams.takeNumber(),
    source,
    isEnabled: input.isEnabled ?? true,
    foundSealed: null,
    removedAt: null,
    position: (records.at(-1)?.position ?? -1) + 1,
    createdAt: at,
    updatedAt: at,
  };
  await tx.upstreams.insert(record);
  return record;
}

async function writeUpdated(
  tx: Repositories,
  { input, seal, now }: Known & { input: UpdateUpstreamInput },
): Promise<UpstreamRecord> {
  const { id: number, ...said } = input;
  const before = await getListed(tx, number);
  const opened = seal.tryOpen(before);
  if (opened === undefined) requireReadable(before, said);
  const changed = applyUpstreamChange(opened ?? seal.openPublic(before), said);
  const { name } = changed.upstream;
  if (name !== before.name) requireFreeName(name, toNames(await tx.upstreams.list()));
  const after: UpstreamRecord = {
    ...before,
    ...seal.toFields(changed),
    isEnabled: said.isEnabled ?? before.isEnabled,
    updatedAt: now(),
  };
  await tx.upstreams.update(after);
  return after;
}

const toNames = (records: readonly UpstreamRecord[]) => new Set(records.map(({ name }) => name));

/** What is left of an upstream that is removed here and still named elsewhere: what was said of it there. */
function toTombstone(record: UpstreamRecord, removedAt: number): UpstreamRecord {
  return {
    ...record,
    // Its name is free for another.
    name: record.id,
    keysSealed: [],
    tokensSealed: [],
    models: [],
    aliases: {},
    clocks: null,
    options: {},
    removedAt,
    updatedAt: removedAt,
  };
}
