import { createHash } from "node:crypto";
import { DomainError, type TokenPair } from "@llm-backend/contract";
import type { Session, SessionKind, Storage, User } from "@llm-backend/storage";
import { toDigestId, type NewId } from "../identity/new-id.ts";
import { toAddressKey } from "./address-key.ts";
import type { SessionWatch } from "./session-watch.ts";
import type { AccessClaims, TokenService } from "./token-service.ts";
import type { Viewer } from "./viewer.ts";

/** How long tokens live, in milliseconds. */
export type TokenLifetimes = {
  /** The one token of contract 1. */
  readonly fixedMs: number;
  readonly accessMs: number;
  /** A refresh token that is not used for so long is void. */
  readonly refreshIdleMs: number;
  /** No session lives longer, however often it is refreshed. */
  readonly sessionMs: number;
};

/** What the service stands on. */
export type SessionServiceDeps = {
  readonly storage: Storage;
  readonly tokens: TokenService;
  readonly newId: NewId;
  readonly watch: SessionWatch;
  readonly now: () => number;
  readonly lifetimes: TokenLifetimes;
};

/** Sessions and the tokens that stand for them. */
export type SessionService = ReturnType<typeof createSessionService>;

/** A second use of the newest-but-one refresh token is a retry within this time, and a theft after it. */
const refreshGraceMs = 10_000;

/** Creates the service. Every token has a row behind it, so that ending the row ends the token at once. */
export function createSessionService(deps: SessionServiceDeps) {
  const { storage, tokens, now, lifetimes } = deps;

  async function open(user: User, options: { kind: SessionKind; address: string }): Promise<Session> {
    const createdAt = now();
    const session: Session = {
      id: deps.newId.text("ses"),
      userId: user.id,
      kind: options.kind,
      address: toAddressKey(options.address),
      refreshGeneration: 0,
      refreshedAt: null,
      createdAt,
      expiresAt: createdAt + (options.kind === "fixed" ? lifetimes.fixedMs : lifetimes.refreshIdleMs),
      revokedAt: null,
    };
    await storage.sessions.insert(session);
    return session;
  }

  const toPair = (session: Session): TokenPair => {
    const issuedAt = now();
    const expiresAt = Math.min(issuedAt + lifetimes.accessMs, session.expiresAt);
    return {
      accessToken: tokens.signAccess({ userId: session.userId, sessionId: session.id, issuedAt, expiresAt }),
      accessTokenExpiresAt: new Date(expiresAt),
      refreshToken: tokens.signRefresh(session.id, session.refreshGeneration),
      refreshTokenExpiresAt: new Date(session.expiresAt),
    };
  };

  const isAlive = (session: Pick<Session, "revokedAt" | "expiresAt">) =>
    session.revokedAt === null && session.expiresAt > now();

  return {
    /** Opens a session with one token for the whole of it. */
    async openFixed(user: User, address: string): Promise<string> {
      const session = await open(user, { kind: "fixed", address });
      return tokens.signAccess({
        userId: user.id,
        sessionId: session.id,
        issuedAt: session.createdAt,
        expiresAt: session.expiresAt,
      });
    },

    /** Opens a session with a short token and a refresh token. */
    async openRotating(user: User, address: string): Promise<TokenPair> {
      return toPair(await open(user, { kind: "rotating", address }));
    },

    /**
     * Trades a refresh token for the next pair. The token before the newest is answered like the newest for ten
     * seconds, for answers that got lost; any older one has been copied, and ends the session.
     *
     * @throws DomainError `unauthenticated`
     */
    async refresh(refreshToken: string): Promise<TokenPair> {
      const { sessionId, generation } = tokens.readRefresh(refreshToken);
      const session = await storage.transaction(async (tx) => {
        const found = await tx.sessions.findWithUser(sessionId);
        if (found === undefined || !isAlive(found.session) || found.user.status !== "active")
          return undefined;
        const { createdAt, refreshGeneration, refreshedAt } = found.session;
        const at = now();
        if (generation === refreshGeneration) {
          const expiresAt = Math.min(at + lifetimes.refreshIdleMs, createdAt + lifetimes.sessionMs);
          await tx.sessions.advance(sessionId, { generation, now: at, expiresAt });
          return { ...found.session, refreshGeneration: generation + 1, refreshedAt: at, expiresAt };
        }
        const isRetry = generation === refreshGeneration - 1 && at - (refreshedAt ?? 0) <= refreshGraceMs;
        if (isRetry) return found.session;
        await tx.sessions.revoke(sessionId, at);
        return undefined;
      });
      if (session === undefined) {
        deps.watch.revoked([sessionId]);
        throw new DomainError("unauthenticated", "The session has ended; log in again.");
      }
      return toPair(session);
    },

    /**
     * Finds out who sent a token.
     *
     * @throws DomainError `unauthenticated` for none, for one that is not valid, or whose session or user has ended.
     */
    async authenticate(token: string | undefined): Promise<Viewer> {
      if (token === undefined) throw new DomainError("unauthenticated");
      const claims = tokens.readAccess(token);
      const sessionId = claims.sessionId ?? toAdoptedId(token);
      const found =
        (await storage.sessions.findHolder(sessionId)) ??
        (claims.sessionId === undefined ? await adopt({ token, claims }) : undefined);
      if (
        found === undefined ||
        found.userId !== claims.userId ||
        found.status !== "active" ||
        !isAlive(found)
      ) {
        throw new DomainError("unauthenticated", "The session has ended; log in again.");
      }
      return { userId: found.userId, username: found.username, role: found.role, sessionId };
    },

    /** Ends one session, and the streams that it opened. */
    async end(sessionId: string): Promise<void> {
      await storage.sessions.revoke(sessionId, now());
      deps.watch.revoked([sessionId]);
    },

    /** Ends all sessions of a user, but for one where it is named, and the streams that they opened. */
    async endAll(userId: number, options: { except?: string } = {}): Promise<void> {
      const at = now();
      const ended = await storage.transaction(async (tx) => {
        // Tokens of the earlier system that were not seen yet have no row to end.
        await tx.users.updateTokensValidFrom(userId, at);
        return tx.sessions.revokeAll(userId, { now: at, ...options });
      });
      deps.watch.revoked(ended);
    },

    watch: (viewer: Viewer) => deps.watch.watch(viewer.sessionId),
  };

  /** Gives a token of the earlier system a row of its own when it is first seen. */
  async function adopt(given: { token: string; claims: AccessClaims }) {
    const user = await storage.users.findById(given.claims.userId);
    // That system's tokens carry no time of issue, but always lived for 24 hours.
    const issuedAt = given.claims.expiresAt - 24 * 3_600_000;
    if (user === undefined || issuedAt < user.tokensValidFrom) return undefined;
    await storage.sessions.insert({
      id: toAdoptedId(given.token),
      userId: user.id,
      kind: "adopted",
      address: null,
      refreshGeneration: 0,
      refreshedAt: null,
      createdAt: now(),
      expiresAt: given.claims.expiresAt,
      revokedAt: null,
    });
    return storage.sessions.findHolder(toAdoptedId(given.token));
  }
}

function toAdoptedId(token: string): string {
  return toDigestId("ses", createHash("sha256").update(token).digest());
}
