import type { UpstreamSource } from "@llm-backend/contract";
import type { UpstreamRecord } from "@llm-backend/storage";
import { digestUpstream, type OpenedUpstream, type UpstreamSeal } from "./stored-upstream.ts";
import { toFreeName } from "./upstream-name.ts";

/** An upstream that was found at start, where, and who may use it. */
export type FoundUpstream = Pick<OpenedUpstream, "upstream"> & {
  readonly source: Exclude<UpstreamSource, "cli" | "api">;
  /** @default whoever may use the server */
  readonly access?: OpenedUpstream["access"];
};

/** An upstream that is not stored yet; its number is given when it is. */
export type NewUpstream = Omit<UpstreamRecord, "number">;

/** What has to be written so that the list agrees with what was found. */
export type FoundMerge = {
  readonly inserted: readonly NewUpstream[];
  readonly updated: readonly { readonly before: UpstreamRecord; readonly after: UpstreamRecord }[];
  readonly deleted: readonly UpstreamRecord[];
  /** For the log: what is not as the file says it, and who had to take another name. */
  readonly sentences: readonly string[];
};

type Draft = {
  readonly after: NewUpstream;
  readonly before: UpstreamRecord | undefined;
  /** The file, or wherever it was found, says something new of it. */
  readonly isNews: boolean;
  readonly sentences?: readonly string[];
};

/** Where entries come from that are looked for anew at every start. */
const startSources: readonly string[] = ["config", "environment", "local", "demo"] satisfies UpstreamSource[];

/** Tells whether an entry is looked for anew at every start. */
export function isFoundAtStart({ source }: Pick<UpstreamRecord, "source">): boolean {
  return startSources.includes(source);
}

/**
 * Brings a list and what was found at a start together. The last word counts: an entry of which the file says what it
 * said before stays as administrators have made it since, or removed; one of which it says something new is as the
 * file says. Entries that administrators have added stay, behind those.
 */
export function mergeFound(
  records: readonly UpstreamRecord[],
  found: readonly FoundUpstream[],
  known: { readonly seal: UpstreamSeal; readonly now: number },
): FoundMerge {
  const byId = new Map(found.map((item) => [item.upstream.id, item]));
  const drafts = [...byId.values()].map((item, position): Draft => {
    const before = records.find(({ id }) => id === item.upstream.id);
    return toDraft({ item, before, position }, known);
  });
  const added = records.filter((record) => !isFoundAtStart(record) && !byId.has(record.id));
  for (const before of added)
    drafts.push({ after: { ...before, position: drafts.length }, before, isNews: false });

  const named = giveNames(drafts);
  return {
    inserted: named.filter(({ before }) => before === undefined).map(({ after }) => after),
    updated: named.flatMap(toUpdate),
    deleted: records.filter((record) => isFoundAtStart(record) && !byId.has(record.id)),
    sentences: named.flatMap(({ sentences = [] }) => sentences),
  };
}

function toDraft(
  given: { item: FoundUpstream; before: UpstreamRecord | undefined; position: number },
  { seal, now }: { seal: UpstreamSeal; now: number },
): Draft {
  const { item, before, position } = given;
  const { id } = item.upstream;
  const said = { upstream: item.upstream, access: item.access ?? { tokens: [], isOpen: false } };
  const digest = digestUpstream(said);
  const isEdited = (stored: UpstreamRecord) =>
    !stored.isEnabled || digestUpstream(seal.open(stored)) !== digest;
  if (before !== undefined && seal.openDigest(before) === digest) {
    const after = { ...before, source: item.source, position };
    return {
      after,
      before,
      isNews: false,
      sentences: tellKept(before, item.upstream.name, isEdited(before)),
    };
  }
  const after = {
    ...seal.toFields(said),
    id,
    source: item.source,
    // No file says whether an upstream is switched on, so that none says something against it.
    isEnabled: before === undefined || before.removedAt !== null || before.isEnabled,
    foundSealed: seal.sealDigest(id, digest),
    removedAt: null,
    position,
    createdAt: before?.createdAt ?? now,
    updatedAt: now,
  };
  return { after, before, isNews: true };
}

function tellKept(kept: UpstreamRecord, name: string, isEdited: boolean): string[] {
  if (kept.removedAt !== null)
    return [`Upstream ${name} stays removed, as an administrator left it; change its entry to have it back`];
  return isEdited
    ? [`Upstream ${name} stays as an administrator changed it; change its entry to undo that`]
    : [];
}

/** Who is news has the name that the file gives it; whoever else has it takes another. */
function giveNames(drafts: readonly Draft[]): Draft[] {
  const given = new Set(drafts.filter(({ isNews }) => isNews).map(({ after }) => after.name));
  const taken = new Set(drafts.map(({ after }) => after.name));
  return drafts.map((draft) => {
    if (draft.isNews || !given.has(draft.after.name)) return draft;
    const name = toFreeName(draft.after.name, taken);
    taken.add(name);
    const sentence = `Upstream ${draft.after.name} is called ${name} from now on: another has its name`;
    return {
      ...draft,
      after: { ...draft.after, name },
      sentences: [...(draft.sentences ?? []), sentence],
    };
  });
}

function toUpdate({ before, after, isNews }: Draft): FoundMerge["updated"] {
  if (before === undefined) return [];
  const isSame =
    before.position === after.position && before.name === after.name && before.source === after.source;
  return isNews || !isSame ? [{ before, after: { ...after, number: before.number } }] : [];
}
