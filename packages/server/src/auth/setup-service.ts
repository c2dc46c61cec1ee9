import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { Account, CreateFirstAdminInput } from "@llm-backend/contract";
import type { Storage } from "@llm-backend/storage";
import type { UserService } from "../user/user-service.ts";
import { toAccount } from "./auth-service.ts";
import type { LoginLimiter } from "./login-limiter.ts";

/** How a system without an administrator gets its first one. */
export type SetupService = ReturnType<typeof createSetupService>;

/** Creates the service. */
export function createSetupService(deps: { storage: Storage; users: UserService; limiter: LoginLimiter }) {
  return {
    /** See {@link openSetup}. */
    openSetup: (): Promise<string | undefined> => openSetup(deps.storage),

    /** @throws DomainError `forbidden` for a token that is wrong or used, `conflict` for a name that is taken. */
    async createFirstAdmin(input: CreateFirstAdminInput, address: string): Promise<Account> {
      await deps.limiter.register(address);
      const { username, password } = input;
      const user = await deps.users.createFirstAdmin({ username, password }, async (tx) => {
        const stored = await tx.settings.find("setup_token_hash");
        if (stored === undefined) return false;
        if (!timingSafeEqual(Buffer.from(stored, "hex"), hash(input.setupToken))) return false;
        await tx.settings.delete("setup_token_hash");
        return true;
      });
      return toAccount(user);
    },
  };
}

/** Makes a one-time token while there is no administrator; the one before is void then. */
export async function openSetup(storage: Storage): Promise<string | undefined> {
  if ((await storage.users.countActive("admin")) > 0) return undefined;
  const token = randomBytes(24).toString("base64url");
  await storage.settings.put("setup_token_hash", hash(token).toString("hex"));
  return token;
}

function hash(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}
