import { hashToken } from "./key-secret.ts";

/** What the operator's configuration says about callers. */
export type AccessSettings = {
  /** The static tokens that open every upstream which has none of its own. */
  readonly globalTokens: readonly string[];
  /** The static tokens for the administration over REST. They are never left out: nobody administrates without one. */
  readonly adminTokens: readonly string[];
  /** Everybody may use the upstreams that have no tokens of their own. */
  readonly isOpen: boolean;
};

/** What an upstream says about its callers. */
export type UpstreamAccess = {
  readonly upstreamId: string;
  /** Its own tokens; none: the global ones and the keys of ours open it. */
  readonly tokens: readonly string[];
  /** Everybody may use it. */
  readonly isOpen: boolean;
};

/** Tells who may use which upstream. Tokens are known by their hashes only. */
export type StaticTokens = {
  setUpstreams(list: readonly UpstreamAccess[]): void;
  /** Whether a token is one of the configuration's, global or of an upstream. */
  isKnown(tokenHash: string): boolean;
  isAdmin(tokenHash: string): boolean;
  /** Whether there is an upstream for those without any token. */
  isOpen(): boolean;
  mayUse(caller: { tokenHash: string | undefined; isKey: boolean }, upstreamId: string): boolean;
};

const toHashes = (tokens: readonly string[]) =>
  new Set(tokens.filter((token) => token !== "").map((token) => hashToken(token)));

/** Creates the table of static tokens. What it says changes with the upstreams, also for calls under way. */
export function createStaticTokens(settings: AccessSettings): StaticTokens {
  const globalTokens = toHashes(settings.globalTokens);
  const adminTokens = toHashes(settings.adminTokens);
  let openUpstreams = new Set<string>();
  let ownTokens = new Map<string, Set<string>>();

  return {
    setUpstreams(list) {
      openUpstreams = new Set(list.filter(({ isOpen }) => isOpen).map(({ upstreamId }) => upstreamId));
      ownTokens = new Map(
        list
          .map(({ upstreamId, tokens }) => [upstreamId, toHashes(tokens)] as const)
          .filter(([, hashes]) => hashes.size > 0),
      );
    },
    isKnown(tokenHash) {
      if (globalTokens.has(tokenHash)) return true;
      for (const hashes of ownTokens.values()) if (hashes.has(tokenHash)) return true;
      return false;
    },
    isAdmin: (tokenHash) => adminTokens.has(tokenHash),
    isOpen: () => settings.isOpen || openUpstreams.size > 0,
    mayUse({ tokenHash, isKey }, upstreamId) {
      if (openUpstreams.has(upstreamId)) return true;
      const own = ownTokens.get(upstreamId);
      if (own !== undefined) return tokenHash !== undefined && own.has(tokenHash);
      return settings.isOpen || isKey || (tokenHash !== undefined && globalTokens.has(tokenHash));
    },
  };
}
