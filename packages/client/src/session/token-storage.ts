import type { TokenPair } from "../wire-types.ts";
import type { MaybePromise } from "./token-source.ts";

/** Where a session is kept beyond the life of a page or a process; `localStorage` is one. */
export type KeyValueStorage = {
  getItem(key: string): MaybePromise<string | null>;
  setItem(key: string, value: string): MaybePromise<void>;
  removeItem(key: string): MaybePromise<void>;
};

/** The one pair of tokens of a session. */
export type TokenStorage = {
  load(): Promise<TokenPair | null>;
  save(tokens: TokenPair | null): Promise<void>;
};

/** Keeps the pair in memory, and ends with it. */
export function createMemoryStorage(tokens: TokenPair | null): TokenStorage {
  let kept = tokens;
  return {
    load: () => Promise.resolve(kept),
    save(next) {
      kept = next;
      return Promise.resolve();
    },
  };
}

/**
 * Keeps the pair in a storage that others use as well, such as the other tabs of a page: it is read anew each time,
 * so that a login, a refresh or a logout in one of them counts for all.
 */
export function createKeyedStorage(storage: KeyValueStorage, key: string): TokenStorage {
  return {
    load: async () => readTokens(await storage.getItem(key)),
    async save(tokens) {
      if (tokens === null) await storage.removeItem(key);
      else await storage.setItem(key, JSON.stringify(tokens));
    },
  };
}

/** Reads what `JSON.stringify` made of a pair; what is anything else is as good as nothing. */
function readTokens(text: string | null): TokenPair | null {
  if (text === null) return null;
  try {
    const { accessToken, refreshToken, accessTokenExpiresAt, refreshTokenExpiresAt } = JSON.parse(
      text,
    ) as Record<keyof TokenPair, unknown>;
    const tokens = {
      accessToken: String(accessToken),
      accessTokenExpiresAt: new Date(String(accessTokenExpiresAt)),
      refreshToken: String(refreshToken),
      refreshTokenExpiresAt: new Date(String(refreshTokenExpiresAt)),
    };
    return Number.isNaN(tokens.accessTokenExpiresAt.getTime()) ? null : tokens;
  } catch {
    return null;
  }
}
