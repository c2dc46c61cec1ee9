import {
  createKeyInput,
  DomainError,
  type CreateKeyInput,
  type IssuedKey,
  type KeyDetail,
  type KeyPage,
  type KeyScope,
  type KeyView,
  type ListKeysInput,
  type RotateKeyInput,
  type UpdateKeyInput,
} from "@llm-backend/contract";
import type { ApiKey, ApiKeyChange, Repositories, Storage } from "@llm-backend/storage";
import type { NewId } from "../identity/new-id.ts";
import type { AccessService } from "./access-service.ts";
import { toPeriod } from "./budget-period.ts";
import { createKeySecret } from "./key-secret.ts";
import { toKeyView } from "./key-view.ts";

/** What the service stands on. */
export type KeyServiceDeps = {
  readonly storage: Storage;
  readonly newId: NewId;
  readonly now: () => number;
  readonly access: AccessService;
};

/** Who handles keys. Every viewer is one. */
export type KeyHolder = { readonly userId: number | null; readonly role: "user" | "admin" };

/** Whoever sits at the machine: an administrator without an account. */
export const operator: KeyHolder = { userId: null, role: "admin" };

/** The keys of ours, as their owners and administrators handle them. */
export type KeyService = ReturnType<typeof createKeyService>;

/** So many keys a user may have at a time. */
const keysPerUserMax = 100;

/**
 * Creates the service. Users handle their own keys, and a foreign key is an absent one to them: `not_found`. A key
 * whose limits an administrator set is managed: its owner may rename, rotate and revoke it, and nothing else.
 */
export function createKeyService(deps: KeyServiceDeps) {
  const { storage, now } = deps;

  async function get(repositories: Repositories, holder: KeyHolder, keyId: string): Promise<ApiKey> {
    const key = await repositories.keys.find(keyId);
    const isVisible = holder.role === "admin" || (key?.userId === holder.userId && holder.userId !== null);
    if (key === undefined || !isVisible) throw new DomainError("not_found", "There is no such key.");
    return key;
  }

  /** Finds a key, changes it, and shows what became of it. */
  async function change(
    holder: KeyHolder,
    keyId: string,
    work: (tx: Repositories, key: ApiKey) => Promise<void>,
  ): Promise<KeyView> {
    const changed = await storage.transaction(async (tx) => {
      await work(tx, await get(tx, holder, keyId));
      return get(tx, holder, keyId);
    });
    // What was changed takes effect with the next request.
    deps.access.forgetKeys();
    return toKeyView(changed);
  }

  return {
    /** See {@link AccessService}. */
    authenticate: (token: string | undefined, scope: KeyScope) => deps.access.authenticate(token, scope),
    setUpstreamAccess: deps.access.setUpstreamAccess,

    /**
     * Makes a key. Its secret is in the answer, and never shown again.
     *
     * @throws DomainError `forbidden` for what only administrators may make; `not_found` for an owner that does not
     * exist; `conflict` for whoever has too many.
     */
    async create(holder: KeyHolder, input: CreateKeyInput): Promise<IssuedKey> {
      const given = readInput(input);
      const userId = given.userId === undefined ? holder.userId : given.userId;
      requireMayCreate(holder, { userId, scopes: given.scopes });
      const { secret, ...shown } = createKeySecret();
      const key: ApiKey = {
        id: deps.newId.text("key"),
        userId,
        name: given.name,
        ...shown,
        previousHash: null,
        graceUntil: null,
        scopes: given.scopes,
        models: given.models,
        requestsPerMinute: given.requestsPerMinute,
        tokensPerMinute: given.tokensPerMinute,
        concurrentMax: given.concurrentMax,
        budget: given.budget,
        isManaged: holder.userId !== userId,
        createdAt: now(),
        expiresAt: given.expiresAt?.getTime() ?? null,
        revokedAt: null,
        lastUsedAt: null,
      };
      await storage.transaction(async (tx) => {
        if (userId !== null) await requireRoom(tx, userId);
        await tx.keys.insert(key);
      });
      return { key: toKeyView(key), secret };
    },

    /** @throws DomainError `forbidden` for keys of others. */
    async list(holder: KeyHolder, input: ListKeysInput): Promise<KeyPage> {
      const userId = toListed(holder, input.owner);
      const rows = await storage.keys.list(userId, { before: input.cursor, limit: input.limit + 1 });
      const page = rows.slice(0, input.limit);
      return {
        keys: page.map(toKeyView),
        nextCursor: rows.length > input.limit ? (page.at(-1)?.id ?? null) : null,
      };
    },

    /** A key with what it has spent in the present period of its budget. @throws DomainError `not_found` */
    async get(holder: KeyHolder, keyId: string): Promise<KeyDetail> {
      const key = await get(storage, holder, keyId);
      if (key.budget === null) return { ...toKeyView(key), spending: null };
      const { window } = key.budget;
      const { start, end } = toPeriod(window, now());
      const state = await storage.budgets.find({ keyId, window, start });
      const spending = {
        spentNanos: state?.spentNanos ?? 0,
        reservedNanos: state?.reservedNanos ?? 0,
        renewsAt: end === undefined ? null : new Date(end),
      };
      return { ...toKeyView(key), spending };
    },

    /** @throws DomainError `not_found`; `forbidden` for what only administrators may change. */
    update: (holder: KeyHolder, { keyId, expiresAt, ...rest }: UpdateKeyInput): Promise<KeyView> =>
      change(holder, keyId, async (tx, key) => {
        const { name, ...limits } = rest;
        const bounds = {
          ...limits,
          ...(expiresAt === undefined ? {} : { expiresAt: expiresAt?.getTime() ?? null }),
        };
        const changesBounds = Object.values(bounds).some((value) => value !== undefined);
        if (changesBounds) requireMayBound(holder, key, bounds.scopes);
        const isManaged = key.isManaged || (changesBounds && holder.userId !== key.userId);
        const columns = { ...bounds, isManaged, ...(name === undefined ? {} : { name }) };
        await tx.keys.update(keyId, columns as ApiKeyChange);
      }),

    /** Ends a key, at once in this process. Ending it again changes nothing. @throws DomainError `not_found` */
    revoke: (holder: KeyHolder, keyId: string): Promise<KeyView> =>
      change(holder, keyId, (tx) => tx.keys.revoke(keyId, now())),

    /**
     * Gives a key a new secret; limits, budget and history stay with it. The secret before works until the end of the
     * time of grace, older ones no longer.
     *
     * @throws DomainError `not_found`; `conflict` for a key that was revoked.
     */
    async rotate(holder: KeyHolder, { keyId, graceSeconds }: RotateKeyInput): Promise<IssuedKey> {
      const { secret, ...shown } = createKeySecret();
      const key = await change(holder, keyId, async (tx) => {
        const graceUntil = now() + graceSeconds * 1000;
        const isRotated = await tx.keys.rotate(keyId, { ...shown, graceUntil });
        if (!isRotated) throw new DomainError("conflict", "The key was revoked; make a new one.");
      });
      return { key, secret };
    },
  };
}

/** Fills in what a caller left out; a face has checked the input already, the command line has not. */
function readInput(input: CreateKeyInput) {
  const { data, error } = createKeyInput.safeParse(input);
  if (data !== undefined) return data;
  const sentences = error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
  throw new DomainError("invalid_input", sentences.join("; "));
}

function requireMayCreate(
  holder: KeyHolder,
  key: { userId: number | null; scopes: readonly string[] },
): void {
  if (holder.role === "admin") return;
  if (key.userId !== holder.userId) {
    throw new DomainError("forbidden", "Only administrators make keys for others.");
  }
  if (key.scopes.includes("admin")) {
    throw new DomainError("forbidden", "Only administrators make keys for the administration.");
  }
}

function requireMayBound(holder: KeyHolder, key: ApiKey, scopes: readonly string[] | undefined): void {
  if (holder.role === "admin") return;
  if (key.isManaged || scopes?.includes("admin") === true) {
    throw new DomainError("forbidden", "Only administrators change what this key may do.");
  }
}

async function requireRoom(tx: Repositories, userId: number): Promise<void> {
  if ((await tx.users.findById(userId)) === undefined) {
    throw new DomainError("not_found", "There is no such user.");
  }
  if ((await tx.keys.countUsable(userId)) >= keysPerUserMax) {
    throw new DomainError("conflict", `A user can have ${keysPerUserMax} keys; revoke one first.`);
  }
}

function toListed(holder: KeyHolder, owner: ListKeysInput["owner"]): number | undefined {
  // Whoever has no account has no keys of their own: all of them are meant.
  if (owner === "me" && holder.userId !== null) return holder.userId;
  if (owner === holder.userId) return holder.userId;
  if (holder.role !== "admin")
    throw new DomainError("forbidden", "Only administrators see the keys of others.");
  return typeof owner === "number" ? owner : undefined;
}
