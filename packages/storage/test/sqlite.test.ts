import { join } from "node:path";
import { openSqlite } from "../src/index.ts";
import { describeStorage } from "./suite/storage-suite.ts";
import { createTemporaryFolder } from "./temporary-folder.ts";

describeStorage("SQLite", async () => {
  const folder = createTemporaryFolder();
  const path = join(folder.path, "test.db");
  let storage = await openSqlite({ path, exclusive: true });
  return {
    storage,
    async reopen() {
      await storage.close();
      storage = await openSqlite({ path, exclusive: true });
      return storage;
    },
    async [Symbol.asyncDispose]() {
      await storage.close();
      folder[Symbol.dispose]();
    },
  };
});
