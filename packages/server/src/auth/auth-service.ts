import { setTimeout as delay } from "node:timers/promises";
import {
  DomainError,
  type Account,
  type ChangePasswordInput,
  type LoginInput,
  type RegisterInput,
  type TokenPair,
} from "@llm-backend/contract";
import type { Storage, User } from "@llm-backend/storage";
import type { UserService } from "../user/user-service.ts";
import { toAddressKey } from "./address-key.ts";
import type { LoginAttempt, LoginLimiter } from "./login-limiter.ts";
import type { PasswordHasher } from "./password-hasher.ts";
import type { SessionService } from "./session-service.ts";
import { toUsernameKey } from "./username-key.ts";
import type { Viewer } from "./viewer.ts";

/** What the service stands on. */
export type AuthServiceDeps = {
  readonly storage: Storage;
  readonly hasher: PasswordHasher;
  readonly limiter: LoginLimiter;
  readonly sessions: SessionService;
  readonly users: UserService;
  readonly registration: "open" | "closed";
};

/** Registering, logging in and out. */
export type AuthService = ReturnType<typeof createAuthService>;

/** No refusal comes sooner: hides which kind of hash, or none, was looked at. */
const refusalMsMin = 250;

/** Creates the service. */
export function createAuthService(deps: AuthServiceDeps) {
  const { storage, hasher, sessions } = deps;

  /** The user of a name and password; one message and one timing for every reason to refuse. */
  async function verify(input: LoginInput, address: string): Promise<User> {
    const startedAt = performance.now();
    const account = toUsernameKey(input.username);
    const user = await storage.users.findByKey(account);
    const attempt: LoginAttempt = {
      account,
      address,
      isKnown: async () =>
        user !== undefined && (await storage.sessions.existsFrom(user.id, toAddressKey(address))),
    };
    await deps.limiter.begin(attempt);
    const isRight = await hasher.verify(user?.passwordHash, input.password).catch(async (error: unknown) => {
      await deps.limiter.withdraw(attempt);
      throw error;
    });
    if (user === undefined || !isRight || user.status !== "active") {
      await delay(Math.max(0, refusalMsMin - (performance.now() - startedAt)));
      throw new DomainError("unauthenticated", "Wrong user name or password.");
    }
    await deps.limiter.succeed(attempt);
    if (hasher.isOutdated(user.passwordHash)) {
      await storage.users.updatePassword(user.id, { passwordHash: await hasher.hash(input.password) });
    }
    return user;
  }

  /** Asks whoever holds a session for the password too. */
  async function confirm(viewer: Viewer, password: string, address: string): Promise<void> {
    await verify({ username: viewer.username, password }, address).catch((error: unknown) => {
      const isWrong = DomainError.is(error) && error.code === "unauthenticated";
      // The session is fine, only the password is not: the client must not log out for it.
      throw isWrong ? new DomainError("forbidden", "The current password is wrong.") : error;
    });
  }

  return {
    /** @throws DomainError `forbidden` when the password is not the viewer's. */
    confirm,

    /** @throws DomainError `conflict` for a name that is taken, `forbidden` where registration is closed. */
    async register(input: RegisterInput, address: string): Promise<Account> {
      if (deps.registration === "closed") {
        throw new DomainError("forbidden", "Registration is closed; ask an administrator for an account.");
      }
      await deps.limiter.register(address);
      return toAccount(await deps.users.create({ ...input, role: "user" }));
    },

    /** Logs in for the whole day with one token (contract 1). */
    async login(input: LoginInput, address: string): Promise<{ token: string }> {
      return { token: await sessions.openFixed(await verify(input, address), address) };
    },

    /** Logs in with a short token and a refresh token. */
    async loginRotating(input: LoginInput, address: string): Promise<TokenPair> {
      return sessions.openRotating(await verify(input, address), address);
    },

    refresh: (refreshToken: string) => sessions.refresh(refreshToken),

    logout: (viewer: Viewer) => sessions.end(viewer.sessionId),

    logoutEverywhere: (viewer: Viewer) => sessions.endAll(viewer.userId),

    async me(viewer: Viewer): Promise<Account> {
      const user = await storage.users.findById(viewer.userId);
      if (user === undefined) throw new DomainError("unauthenticated");
      return toAccount(user);
    },

    /**
     * Sets a new password and ends every other session.
     *
     * @throws DomainError `forbidden` when the current password is wrong.
     */
    async changePassword(viewer: Viewer, input: ChangePasswordInput, address: string): Promise<void> {
      await confirm(viewer, input.currentPassword, address);
      const passwordHash = await hasher.hash(input.newPassword);
      await storage.users.updatePassword(viewer.userId, { passwordHash });
      await sessions.endAll(viewer.userId, { except: viewer.sessionId });
    },
  };
}

/** What of a user the user may see. */
export function toAccount(user: User): Account {
  return {
    userId: user.id,
    username: user.username,
    role: user.role,
    createdAt: new Date(user.createdAt),
  };
}
