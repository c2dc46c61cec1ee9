import { createNewId, createPasswordHasher, createUserService, type UserService } from "@llm-backend/server";
import { openSqlite, type Storage } from "@llm-backend/storage";
import type { ConfigFlags } from "../config/overrides.ts";
import type { Config } from "../config/to-config.ts";
import { openDataFolder } from "../secrets/open-data-folder.ts";
import { readCommandConfig } from "./config-options.ts";

/** Opens the database of a command for one piece of work, beside a server that may be running on it. */
export async function withDatabase<T>(
  flags: ConfigFlags,
  work: (opened: { config: Config; storage: Storage }) => Promise<T>,
): Promise<T> {
  const { config } = readCommandConfig(flags);
  openDataFolder(config.data);
  const storage = await openSqlite({ path: config.database });
  try {
    return await work({ config, storage });
  } finally {
    await storage.close();
  }
}

/** The same, with the accounts. */
export function withUsers<T>(flags: ConfigFlags, work: (users: UserService) => Promise<T>): Promise<T> {
  return withDatabase(flags, async ({ config, storage }) => {
    const hasher = await createPasswordHasher({
      memoryKib: config.auth.argon2.memory_kib,
      timeCost: config.auth.argon2.time_cost,
      concurrency: 1,
      queueMax: 1,
    });
    return work(createUserService({ storage, hasher, newId: createNewId(Date.now), now: Date.now }));
  });
}
