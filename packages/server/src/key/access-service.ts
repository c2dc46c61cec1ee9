import { DomainError, type KeyScope } from "@llm-backend/contract";
import { matchesPattern } from "@llm-backend/gateway";
import type { OwnedApiKey, Storage } from "@llm-backend/storage";
import type { Access } from "./access.ts";
import { createKeyCache } from "./key-cache.ts";
import { hashToken, isKeyShaped } from "./key-secret.ts";
import { createLastUse } from "./last-use.ts";
import { createStaticTokens, type AccessSettings, type UpstreamAccess } from "./static-tokens.ts";

/** What the service stands on. */
export type AccessServiceDeps = {
  readonly storage: Storage;
  readonly now: () => number;
  /** Only runs forward, and no faster than time: what durations are measured by. @default now */
  readonly elapsed?: () => number;
  readonly settings: AccessSettings;
  readonly onInternalError: (error: unknown) => void;
};

/** Who calls under `/v1`, and what they may do there. */
export type AccessService = ReturnType<typeof createAccessService>;

/** What another process changed of a key takes effect after this time. */
const freshMs = 1000;
const entriesMax = 10_000;
const lastUseMs = 60_000;

/** Why a key is no good, in words for whoever holds it. */
type Refusal = { readonly reason: string };

/** Creates the service. A key that is in use costs one read in a second, whatever the number of its requests. */
export function createAccessService(deps: AccessServiceDeps) {
  const { storage, now } = deps;
  const tokens = createStaticTokens(deps.settings);
  const cache = createKeyCache({
    read: (hash) => storage.keys.findByHash(hash, now()),
    now: deps.elapsed ?? now,
    freshMs,
    entriesMax,
  });
  const lastUse = createLastUse({ ...deps, intervalMs: lastUseMs });
  // One for each key and reading of it, so that a request makes no closures of its own.
  const accesses = new WeakMap<OwnedApiKey, Access>();

  const toTokenAccess = (kind: "token" | "open", tokenHash: string | undefined): Access => ({
    kind,
    keyId: null,
    keyName: null,
    userId: null,
    limits: null,
    mayUse: (upstreamId) => tokens.mayUse({ tokenHash, isKey: false }, upstreamId),
    mayAsk: () => true,
  });
  const anyone = toTokenAccess("open", undefined);

  function toKeyAccess(owned: OwnedApiKey): Access {
    const known = accesses.get(owned);
    if (known !== undefined) return known;
    const { key } = owned;
    const { requestsPerMinute, tokensPerMinute, concurrentMax, budget } = key;
    const access: Access = {
      kind: "key",
      keyId: key.id,
      keyName: key.name,
      userId: key.userId,
      limits: { requestsPerMinute, tokensPerMinute, concurrentMax, budget },
      mayUse: (upstreamId) => tokens.mayUse({ tokenHash: undefined, isKey: true }, upstreamId),
      mayAsk: (model) =>
        key.models.length === 0 || key.models.some((pattern) => matchesPattern(pattern, model)),
    };
    accesses.set(owned, access);
    return access;
  }

  /** What is wrong with a key just now; undefined for a good one. */
  function findRefusal({ key, owner }: OwnedApiKey, tokenHash: string): Refusal | undefined {
    if (key.revokedAt !== null) return { reason: "The key was revoked." };
    if (key.expiresAt !== null && key.expiresAt <= now()) return { reason: "The key has expired." };
    if (owner !== null && owner.status !== "active") return { reason: "The key's owner is barred." };
    // The row may have been read just before the end of its time of grace.
    const isReplaced = tokenHash !== key.hash && (key.graceUntil ?? 0) <= now();
    return isReplaced ? { reason: "The key was replaced by a new one." } : undefined;
  }

  /** The key behind a token, if it is good. */
  async function findKey(token: string, tokenHash: string): Promise<OwnedApiKey | Refusal | undefined> {
    if (!isKeyShaped(token)) return undefined;
    const owned = await cache.find(tokenHash);
    return owned && (findRefusal(owned, tokenHash) ?? owned);
  }

  function requireScope({ key, owner }: OwnedApiKey, scope: KeyScope): void {
    if (!key.scopes.includes(scope)) {
      throw new DomainError("forbidden", `This key is not for ${scopeNames[scope]}.`);
    }
    // A key opens no more than its owner may do now.
    if (scope === "admin" && owner !== null && owner.role !== "admin") {
      throw new DomainError("forbidden", "The key's owner is no administrator.");
    }
  }

  return {
    /**
     * Finds out who sent a token. Whoever has none, or one that is not good, is anybody: let in where the server or an
     * upstream is open to all, but never to the administration.
     *
     * @throws DomainError `unauthenticated`; `forbidden` for a key that is not for this.
     */
    async authenticate(token: string | undefined, scope: KeyScope): Promise<Access> {
      const tokenHash = token === undefined ? undefined : hashToken(token);
      const isStatic =
        tokenHash !== undefined &&
        (scope === "admin" ? tokens.isAdmin(tokenHash) : tokens.isKnown(tokenHash));
      if (isStatic) return toTokenAccess("token", tokenHash);
      const found =
        token === undefined || tokenHash === undefined ? undefined : await findKey(token, tokenHash);
      if (found !== undefined && "key" in found) {
        requireScope(found, scope);
        lastUse.note(found.key.id);
        return toKeyAccess(found);
      }
      if (scope === "inference" && tokens.isOpen()) return anyone;
      throw new DomainError("unauthenticated", found?.reason ?? "wrong authorization header");
    },

    /** Says which upstreams have tokens of their own or are open to all; to be called after each load of their list. */
    setUpstreamAccess: (list: readonly UpstreamAccess[]): void => tokens.setUpstreams(list),

    /** Forgets what is known of keys: what was changed here takes effect with the next request. */
    forgetKeys: (): void => cache.clear(),

    /** Writes when keys were used last. */
    flush: () => lastUse.flush(),

    close: () => lastUse.close(),
  };
}

const scopeNames = {
  inference: "asking models",
  admin: "the administration",
} as const satisfies Record<KeyScope, string>;
