import type { Gateway, Upstream } from "@llm-backend/gateway";
import type { Storage, UpstreamRecord } from "@llm-backend/storage";
import type { SealBox } from "../secrets/seal-box.ts";

/** Where an upstream was found. */
export type UpstreamSource = "config" | "environment" | "local" | "demo";

/** An upstream that was found at start, and where. */
export type FoundUpstream = { readonly upstream: Upstream; readonly source: UpstreamSource };

/** The list of upstreams: the database holds it, the gateway works with it. */
export type UpstreamService = ReturnType<typeof createUpstreamService>;

const startSources: readonly UpstreamSource[] = ["config", "environment", "local", "demo"];

const toKeyPlace = (id: string) => `upstream/${id}/key`;

/** Creates the service. */
export function createUpstreamService(deps: { storage: Storage; sealBox: SealBox; now: () => number }) {
  const { storage, sealBox } = deps;

  function toRecord({ upstream, source }: FoundUpstream, position: number): UpstreamRecord {
    return {
      id: upstream.id,
      name: upstream.name,
      source,
      endpoint: upstream.endpoint,
      keySealed:
        upstream.keys[0] === undefined ? null : sealBox.seal(upstream.keys[0], toKeyPlace(upstream.id)),
      models: upstream.models,
      aliases: upstream.aliases,
      clocks: upstream.clocks === undefined ? null : { ...upstream.clocks },
      position,
      updatedAt: deps.now(),
    };
  }

  function toUpstream(record: UpstreamRecord): Upstream {
    const { id, name, endpoint, models, aliases, keySealed, clocks } = record;
    return {
      id,
      name,
      endpoint,
      models,
      aliases,
      keys: keySealed === null ? [] : [sealBox.open(keySealed, toKeyPlace(id))],
      ...(clocks === null ? {} : { clocks }),
    };
  }

  return {
    /** Puts what was found at this start in the place of what was found at the one before. */
    async replaceFound(found: readonly FoundUpstream[]): Promise<void> {
      await storage.transaction(async (tx) => {
        await tx.upstreams.deleteBySource(startSources);
        for (const [position, item] of found.entries()) await tx.upstreams.insert(toRecord(item, position));
      });
    },

    /** Hands the stored list to the gateway. */
    async load(gateway: Gateway): Promise<void> {
      gateway.replaceUpstreams((await storage.upstreams.list()).map(toUpstream));
    },

    /** The stored list, keys shown by their last four characters only. */
    async list(): Promise<
      { name: string; source: string; endpoint: string; key: string; models: string[] }[]
    > {
      const records = await storage.upstreams.list();
      return records.map((record) => ({
        name: record.name,
        source: record.source,
        endpoint: record.endpoint,
        key: mask(toUpstream(record).keys[0]),
        models: [...record.models],
      }));
    },
  };
}

function mask(key: string | undefined): string {
  if (key === undefined || key === "") return "none";
  return key.length < 12 ? "…" : `…${key.slice(-4)}`;
}
