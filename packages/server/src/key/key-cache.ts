import type { OwnedApiKey } from "@llm-backend/storage";

/** Keys that were looked up lately, by the hashes of their secrets. */
export type KeyCache = {
  /** The key with the hash, out of memory or read anew. */
  find(hash: string): Promise<OwnedApiKey | undefined>;
  /** Forgets everything: the next look reads what is stored now. */
  clear(): void;
};

type Entry = { readonly found: Promise<OwnedApiKey | undefined>; readonly until: number };

/**
 * Creates the cache. A key is read once in `freshMs`, however many requests come with it; what another process
 * changed takes effect after that time. Tokens that are no keys are not remembered, so that guessing fills no memory.
 */
export function createKeyCache(options: {
  readonly read: (hash: string) => Promise<OwnedApiKey | undefined>;
  readonly now: () => number;
  readonly freshMs: number;
  readonly entriesMax: number;
}): KeyCache {
  const { now } = options;
  const entries = new Map<string, Entry>();

  function forget(hash: string, entry: Entry): void {
    if (entries.get(hash) === entry) entries.delete(hash);
  }

  return {
    find(hash) {
      const known = entries.get(hash);
      if (known !== undefined && known.until > now()) return known.found;
      if (entries.size >= options.entriesMax) entries.clear();
      // Kept while it is being read, so that requests that come meanwhile wait for the same row.
      const entry: Entry = { found: options.read(hash), until: now() + options.freshMs };
      entries.set(hash, entry);
      entry.found.then(
        (key) => key === undefined && forget(hash, entry),
        () => forget(hash, entry),
      );
      return entry.found;
    },
    clear: () => entries.clear(),
  };
}
