import type { Storage } from "@llm-backend/storage";
import type { NewId } from "../identity/new-id.ts";
import type { SharedLimits } from "../limit/shared-limits.ts";
import type { RunRelay } from "../relay/run-relay.ts";
import { createUserService, type UserService } from "../user/user-service.ts";
import { createAuthService, type AuthService } from "./auth-service.ts";
import { createLoginLimiter, type LoginLimits } from "./login-limiter.ts";
import { createPasswordHasher, type PasswordHasherOptions } from "./password-hasher.ts";
import { createSessionService, type SessionService, type TokenLifetimes } from "./session-service.ts";
import { createSessionWatch, type SessionWatch } from "./session-watch.ts";
import { createSetupService, type SetupService } from "./setup-service.ts";
import { createTokenService } from "./token-service.ts";

/** Who there is, and who they are. */
export type People = {
  readonly services: {
    readonly auth: AuthService;
    readonly sessions: SessionService;
    readonly setup: SetupService;
    readonly users: UserService;
  };
  /** Ends the streams of sessions that another process has revoked. */
  readonly endStreams: (sessionIds: readonly string[]) => void;
  /** Forgets sessions that ended long ago. */
  sweep(): Promise<void>;
  close(): void;
};

/** What an operator can set of them. */
export type PeopleSettings = {
  readonly registration: "open" | "closed";
  readonly hashing: PasswordHasherOptions;
  readonly loginLimits: LoginLimits;
  readonly lifetimes: TokenLifetimes;
};

/** What they stand on. */
export type PeopleDeps = {
  readonly storage: Storage;
  readonly newId: NewId;
  readonly now: () => number;
  /** Tells the other processes; undefined for one that serves alone. */
  readonly relay?: Pick<RunRelay, "broadcast"> | undefined;
  readonly jwtSecret: string;
  readonly settings: PeopleSettings;
  /** What processes that serve together count together. */
  readonly sharedLimits?: SharedLimits | undefined;
};

/** Whoever bars an account from another process ends its streams within a second. */
const sessionCheckMs = 750;
/** Ended sessions are kept so long: they tell the addresses that an account is used from. */
const sessionsKeptMs = 90 * 24 * 3_600_000;

/** Builds the services of users and sessions, in their order. */
export async function createPeople(deps: PeopleDeps): Promise<People> {
  const { storage, newId, now, settings } = deps;
  const hasher = await createPasswordHasher(settings.hashing);
  const limiter = createLoginLimiter(settings.loginLimits, deps.sharedLimits);
  const tokens = createTokenService({ secret: deps.jwtSecret, now });
  const watch = createSessionWatch({
    intervalMs: sessionCheckMs,
    listAlive: (sessionIds) => storage.sessions.listAlive(sessionIds, now()),
  });
  const { lifetimes, registration } = settings;
  const toldWatch = withTelling(watch, deps.relay);
  const sessions = createSessionService({ storage, tokens, newId, watch: toldWatch, now, lifetimes });
  const users = createUserService({ storage, hasher, newId, now });
  const auth = createAuthService({ storage, hasher, limiter, sessions, users, registration });
  const setup = createSetupService({ storage, users, limiter });
  return {
    services: { auth, sessions, setup, users },
    endStreams: (sessionIds) => watch.revoked(sessionIds),
    async sweep() {
      await storage.sessions.deleteEnded(now() - sessionsKeptMs);
    },
    close: () => watch.close(),
  };
}

/** A watch that tells the other processes too: the streams of a session may be anywhere. */
function withTelling(watch: SessionWatch, relay: PeopleDeps["relay"]): SessionWatch {
  if (relay === undefined) return watch;
  return {
    ...watch,
    revoked(sessionIds) {
      watch.revoked(sessionIds);
      relay.broadcast({ type: "sessions-revoked", sessionIds });
    },
  };
}
