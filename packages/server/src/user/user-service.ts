import { DomainError, type Role } from "@llm-backend/contract";
import type { Repositories, Storage, User } from "@llm-backend/storage";
import { eraseUser } from "../account/erase-user.ts";
import type { PasswordHasher } from "../auth/password-hasher.ts";
import { toUsernameKey } from "../auth/username-key.ts";
import type { NewId } from "../identity/new-id.ts";

/** What the service stands on. */
export type UserServiceDeps = {
  readonly storage: Storage;
  readonly hasher: PasswordHasher;
  readonly newId: NewId;
  readonly now: () => number;
};

/** A user to be. */
export type NewUser = { readonly username: string; readonly password: string; readonly role: Role };

/** The accounts, as operators handle them. */
export type UserService = ReturnType<typeof createUserService>;

const idTriesMax = 5;

/** Creates the service. */
export function createUserService(deps: UserServiceDeps) {
  const { storage } = deps;

  /** Makes the row; under a name that is free, only the id can clash with another process's. */
  async function insert(tx: Repositories, given: NewUser & { passwordHash: string }): Promise<User> {
    const usernameKey = toUsernameKey(given.username);
    if ((await tx.users.findByKey(usernameKey)) !== undefined) {
      throw new DomainError("conflict", "The user name is taken.");
    }
    for (let tries = 0; tries < idTriesMax; tries++) {
      const user: User = {
        id: deps.newId.integer(),
        username: given.username,
        usernameKey,
        passwordHash: given.passwordHash,
        role: given.role,
        status: "active",
        tokensValidFrom: 0,
        createdAt: deps.now(),
      };
      if (await tx.users.insert(user)) return user;
    }
    throw new DomainError("conflict", "The user name is taken.");
  }

  async function getByName(tx: Pick<Repositories, "users">, username: string): Promise<User> {
    const user = await tx.users.findByKey(toUsernameKey(username));
    if (user === undefined) throw new DomainError("not_found", `There is no user named "${username}".`);
    return user;
  }

  async function endSessions(tx: Repositories, { id }: User): Promise<void> {
    const now = deps.now();
    await tx.users.updateTokensValidFrom(id, now);
    await tx.sessions.revokeAll(id, { now });
  }

  async function refuseWithoutAdmin(tx: Repositories): Promise<void> {
    if ((await tx.users.countActive("admin")) === 0) {
      throw new DomainError("conflict", "This is the last administrator; make another one first.");
    }
  }

  return {
    /** @throws DomainError `conflict` for a name that is taken. */
    async create(given: NewUser): Promise<User> {
      const passwordHash = await deps.hasher.hash(given.password);
      return storage.transaction((tx) => insert(tx, { ...given, passwordHash }));
    },

    /**
     * Creates the first administrator, for whoever holds the setup token; the token is used up with it.
     *
     * @throws DomainError `forbidden` when `consume` refuses the token, or there is an administrator already.
     */
    async createFirstAdmin(
      given: Omit<NewUser, "role">,
      consume: (tx: Repositories) => Promise<boolean>,
    ): Promise<User> {
      const passwordHash = await deps.hasher.hash(given.password);
      return storage.transaction(async (tx) => {
        const isFirst = (await tx.users.countActive("admin")) === 0;
        if (!isFirst || !(await consume(tx))) {
          throw new DomainError("forbidden", "The setup link is not valid, or was used already.");
        }
        return insert(tx, { ...given, role: "admin", passwordHash });
      });
    },

    list: (): Promise<User[]> => storage.users.list(),

    hasAdmin: async (): Promise<boolean> => (await storage.users.countActive("admin")) > 0,

    /**
     * Gives a user another role. Whoever loses one loses the sessions too, and the streams that it opened to them.
     *
     * @throws DomainError `not_found`, and `conflict` for the last administrator.
     */
    setRole: (username: string, role: Role): Promise<User> =>
      storage.transaction(async (tx) => {
        const user = await getByName(tx, username);
        await tx.users.updateRole(user.id, role);
        await refuseWithoutAdmin(tx);
        if (user.role === "admin" && role === "user") await endSessions(tx, user);
        return { ...user, role };
      }),

    /**
     * Bars a user, and ends their sessions.
     *
     * @throws DomainError `not_found`, and `conflict` for the last administrator.
     */
    disable: (username: string): Promise<User> =>
      storage.transaction(async (tx) => {
        const user = await getByName(tx, username);
        await tx.users.updateStatus(user.id, "disabled");
        if (user.role === "admin") await refuseWithoutAdmin(tx);
        await endSessions(tx, user);
        return { ...user, status: "disabled" };
      }),

    /**
     * Removes a user with everything that is theirs. A server that runs beside ends their streams within 30 seconds,
     * and stores nothing more of them.
     *
     * @throws DomainError `not_found`, and `conflict` for the last administrator.
     */
    async remove(username: string): Promise<void> {
      const user = await getByName(storage, username);
      await eraseUser({ storage, now: deps.now }, user.id);
    },

    /** @throws DomainError `not_found` */
    enable: (username: string): Promise<User> =>
      storage.transaction(async (tx) => {
        const user = await getByName(tx, username);
        await tx.users.updateStatus(user.id, "active");
        return { ...user, status: "active" };
      }),

    /**
     * Sets a new password for a user, and ends their sessions.
     *
     * @throws DomainError `not_found`
     */
    async resetPassword(username: string, password: string): Promise<User> {
      const passwordHash = await deps.hasher.hash(password);
      return storage.transaction(async (tx) => {
        const user = await getByName(tx, username);
        await tx.users.updatePassword(user.id, { passwordHash });
        await tx.users.updateTokensValidFrom(user.id, deps.now());
        await tx.sessions.revokeAll(user.id, { now: deps.now() });
        return user;
      });
    },
  };
}
