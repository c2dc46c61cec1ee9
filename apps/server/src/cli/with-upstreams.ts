import { DomainError, type UpstreamView } from "@llm-backend/contract";
import { createSealBox, createUpstreamService, type UpstreamService } from "@llm-backend/server";
import type { Storage } from "@llm-backend/storage";
import type { ConfigFlags } from "../config/overrides.ts";
import type { Config } from "../config/to-config.ts";
import { readSecrets } from "../secrets/read-secrets.ts";
import { toUpstreams, type ReadUpstream } from "../upstreams/to-upstreams.ts";
import { withDatabase } from "./open-database.ts";

/** The list of upstreams as commands work with it. */
export type OpenedList = {
  readonly config: Config;
  readonly list: UpstreamService;
  readonly storage: Storage;
};

/** Opens the list of upstreams for one piece of work; a running server notices what is changed. */
export function withUpstreams<T>(flags: ConfigFlags, work: (opened: OpenedList) => Promise<T>): Promise<T> {
  return withDatabase(flags, ({ config, storage }) => {
    const sealBox = createSealBox(readSecrets(config).masterKey);
    return work({ config, storage, list: createUpstreamService({ storage, sealBox, now: Date.now }) });
  });
}

/** What the configuration names and no server has started with yet, so that the list does not have it. */
export async function listUnstarted({ config, storage }: OpenedList): Promise<readonly ReadUpstream[]> {
  // Those that were removed are remembered there, and so are not new.
  const known = new Set((await storage.upstreams.list()).map(({ id }) => id));
  return toUpstreams(config).filter(({ upstream }) => !known.has(upstream.id));
}

/**
 * Finds an upstream by its name or its number.
 *
 * @throws DomainError `not_found`
 */
export async function findUpstream(list: UpstreamService, called: string): Promise<UpstreamView> {
  const views = await list.list();
  const found = views.find(({ name }) => name === called) ?? views.find(({ id }) => String(id) === called);
  if (found === undefined) throw new DomainError("not_found", `There is no upstream ${called}.`);
  return found;
}
