import { LlmBackendError } from "../error/llm-backend-error.ts";
import { callWithRetry } from "../retry/with-retry.ts";
import type { Credentials, TokenPair } from "../wire-types.ts";
import type { TokenSource } from "./token-source.ts";
import { createKeyedStorage, createMemoryStorage, type KeyValueStorage } from "./token-storage.ts";

/** How a client keeps its login. */
export type SessionOptions = {
  /** A pair from an earlier login; ignored where `storage` is given. */
  readonly tokens?: TokenPair | null;
  /** Keeps the pair, for instance `localStorage`. Without one it ends with the client. */
  readonly storage?: KeyValueStorage;
  /** @default "llm-backend.session" */
  readonly storageKey?: string;
  /** Learns of every new pair, and of `null` when the session has ended. */
  readonly onChange?: (tokens: TokenPair | null) => void;
};

/** The login of a client: it refreshes its tokens by itself. */
export type Session = {
  /** The pair that is in use; null when nobody is logged in. */
  tokens(): Promise<TokenPair | null>;
  /** Logs in and keeps the tokens. */
  login(credentials: Credentials): Promise<void>;
  /** Ends the session on the server, which also ends its streams, and forgets the tokens in any case. */
  logout(): Promise<void>;
};

/** The calls that a session makes. */
export type AuthCalls = {
  login(credentials: Credentials): Promise<TokenPair>;
  refresh(refreshToken: string): Promise<TokenPair>;
  logout(): Promise<void>;
};

/** A token is replaced when it is good for no longer than this. */
const leewayMs = 30_000;
/** A clock that runs ahead makes every token look old: none is replaced before this age, unless it was refused. */
const ageMsMin = 20_000;
/** A refresh whose answer got lost may be repeated within 10 seconds; later it counts as a theft. */
const refreshRetry = { attemptsMax: 4, delayMsFirst: 250, elapsedMsMax: 8000 };

/** Creates a session over the calls that it makes. */
export function createSession(options: SessionOptions, auth: AuthCalls): Session & TokenSource {
  const { storageKey = "llm-backend.session" } = options;
  const storage =
    options.storage === undefined
      ? createMemoryStorage(options.tokens ?? null)
      : createKeyedStorage(options.storage, storageKey);
  let renewedAt = -Infinity;
  let refreshing: Promise<TokenPair | null> | undefined;

  async function keep(tokens: TokenPair | null): Promise<void> {
    const before = await storage.load();
    await storage.save(tokens);
    if (tokens !== null) renewedAt = performance.now();
    if (tokens !== before) options.onChange?.(tokens);
  }
  const isStale = ({ accessTokenExpiresAt }: TokenPair) =>
    accessTokenExpiresAt.getTime() - Date.now() < leewayMs && performance.now() - renewedAt > ageMsMin;

  /** One refresh at a time, in this client and in all that share its storage. */
  function refresh(stale: TokenPair): Promise<TokenPair | null> {
    const work = () => tradeIn(stale);
    refreshing ??= (options.storage === undefined ? work() : withLock(storageKey, work)).finally(() => {
      refreshing = undefined;
    });
    return refreshing;
  }
  async function tradeIn(stale: TokenPair): Promise<TokenPair | null> {
    const stored = await storage.load();
    // Another tab was faster, or has logged out.
    if (stored?.refreshToken !== stale.refreshToken) return stored;
    const fresh = await trade(stored.refreshToken);
    // A login or logout meanwhile is the newer word.
    const current = await storage.load();
    if (current?.refreshToken !== stale.refreshToken) return current;
    await keep(fresh);
    return fresh;
  }
  async function trade(refreshToken: string): Promise<TokenPair | null> {
    const signal = new AbortController().signal;
    try {
      return await callWithRetry(() => auth.refresh(refreshToken), { retry: refreshRetry, signal });
    } catch (error) {
      if (LlmBackendError.is(error) && error.code === "unauthenticated") return null;
      throw error;
    }
  }

  return {
    tokens: () => storage.load(),
    login: async (credentials) => keep(await auth.login(credentials)),
    async logout() {
      try {
        await auth.logout();
      } catch (error) {
        // A session that has ended already needs no ending.
        if (!LlmBackendError.is(error) || error.code !== "unauthenticated") throw error;
      } finally {
        await keep(null);
      }
    },
    async get() {
      const tokens = await storage.load();
      if (tokens === null || !isStale(tokens)) return tokens?.accessToken;
      return (await refresh(tokens))?.accessToken;
    },
    async renew(refused) {
      const tokens = await storage.load();
      if (tokens === null) return undefined;
      return tokens.accessToken === refused ? (await refresh(tokens))?.accessToken : tokens.accessToken;
    },
  };
}

/** Keeps tabs from trading in the same token, where the browser can; elsewhere the server's grace does. */
function withLock<TResult>(name: string, work: () => Promise<TResult>): Promise<TResult> {
  const locks = globalThis.navigator?.locks as LockManager | undefined;
  return locks === undefined ? work() : locks.request(name, work);
}
