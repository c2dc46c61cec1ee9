import { createHash } from "node:crypto";
import type { UpstreamOptions } from "@llm-backend/contract";
import type { Upstream } from "@llm-backend/gateway";
import type { UpstreamRecord } from "@llm-backend/storage";
import type { SealBox } from "../secrets/seal-box.ts";

/** Whose calls reach an upstream. */
export type UpstreamAccess = {
  /** The callers' tokens that open it; none: those that open the whole server. */
  readonly tokens: readonly string[];
  /** Everyone's calls do, without any token. */
  readonly isOpen: boolean;
};

/** An upstream with its keys, and who may use it. */
export type OpenedUpstream = { readonly upstream: Upstream; readonly access: UpstreamAccess };

/** The columns that say what an upstream is; the rest say where it comes from and where it stands. */
export type UpstreamFields = Pick<
  UpstreamRecord,
  "name" | "endpoint" | "keysSealed" | "models" | "aliases" | "clocks" | "options" | "tokensSealed" | "isOpen"
>;

/** Seals and opens what is secret in an upstream. */
export type UpstreamSeal = ReturnType<typeof createUpstreamSeal>;

/** Creates the two directions between an upstream as the gateway has it, and as the database has it. */
export function createUpstreamSeal(sealBox: SealBox) {
  const keyPlace = (id: string) => `upstream/${id}/key`;
  const tokenPlace = (id: string) => `upstream/${id}/token`;
  const foundPlace = (id: string) => `upstream/${id}/found`;

  /** @throws DomainError `internal` when a secret of it does not open. */
  function open(record: UpstreamRecord): OpenedUpstream {
    const { id, name, endpoint, models, aliases, clocks, options, isOpen } = record;
    const keys = record.keysSealed.map((sealed) => sealBox.open(sealed, keyPlace(id)));
    const tokens = record.tokensSealed.map((sealed) => sealBox.open(sealed, tokenPlace(id)));
    const upstream = {
      id,
      name,
      endpoint,
      keys,
      models,
      aliases,
      ...withoutAbsent(options),
      ...(clocks === null ? {} : { clocks }),
    } as Upstream;
    return { upstream, access: { tokens, isOpen } };
  }

  return {
    toFields({ upstream, access }: OpenedUpstream): UpstreamFields {
      const { id } = upstream;
      return {
        name: upstream.name,
        endpoint: upstream.endpoint,
        keysSealed: upstream.keys.map((key) => sealBox.seal(key, keyPlace(id))),
        models: upstream.models,
        aliases: upstream.aliases,
        clocks: upstream.clocks === undefined ? null : { ...upstream.clocks },
        options: toOptions(upstream),
        tokensSealed: access.tokens.map((token) => sealBox.seal(token, tokenPlace(id))),
        isOpen: access.isOpen,
      };
    },

    open,

    /** The same; undefined for one that was sealed with another master key. */
    tryOpen(record: UpstreamRecord): OpenedUpstream | undefined {
      try {
        return open(record);
      } catch {
        return undefined;
      }
    },

    /** What can be read of an upstream without its keys and tokens. */
    openPublic: (record: UpstreamRecord): OpenedUpstream =>
      open({ ...record, keysSealed: [], tokensSealed: [] }),

    sealDigest: (id: string, digest: string): string => sealBox.seal(digest, foundPlace(id)),

    /** What was sealed; undefined where that was nothing, or does not open: then nothing is known of it. */
    openDigest({ id, foundSealed }: UpstreamRecord): string | undefined {
      if (foundSealed === null) return undefined;
      try {
        return sealBox.open(foundSealed, foundPlace(id));
      } catch {
        return undefined;
      }
    },
  };
}

/** A digest of everything that is said of an upstream; the order in which it is said does not matter. */
export function digestUpstream({ upstream, access }: OpenedUpstream): string {
  const { tally: _counted, ...said } = upstream;
  return createHash("sha256")
    .update(JSON.stringify(sortFields({ said, access })))
    .digest("base64url");
}

function toOptions(upstream: Upstream): UpstreamOptions {
  const { passAuthorization, deny, modelClocks, weight, tier, concurrencyMax, queueMax } = upstream;
  const { midstream, prefill, keepHeaders, discover } = upstream;
  return withoutAbsent({
    passAuthorization,
    weight,
    tier,
    concurrencyMax,
    queueMax,
    midstream,
    prefill,
    keepHeaders,
    discover,
    ...(deny === undefined ? {} : { deny: [...deny] }),
    ...(modelClocks === undefined ? {} : { modelClocks: { ...modelClocks } }),
  });
}

/** Null is what an option is set back to its default with. */
function withoutAbsent<T extends object>(fields: T): { [K in keyof T]: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => (value ?? null) !== null)) as never;
}

function sortFields(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortFields);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  // A list of pairs: as fields, names that are numbers would be moved.
  return entries.filter(([, field]) => field !== undefined).map(([name, field]) => [name, sortFields(field)]);
}
