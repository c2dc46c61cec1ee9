import { join } from "node:path";
import fc from "fast-check";
import { expect, it } from "vitest";
import { createFileStore } from "../src/attachment/file-store.ts";
import { openSqlite, readSearchTerms } from "../src/index.ts";
import { createGroupCommit } from "../src/sqlite/group-commit.ts";
import { createStorage, type Storage } from "../src/storage.ts";
import { openKysely } from "./open-kysely.ts";
import { createMessage, createUser, insertConversation } from "./suite/rows.ts";
import { createTemporaryFolder } from "./temporary-folder.ts";

type Opened = AsyncDisposable & { storage: Storage; raw: ReturnType<typeof openKysely>; commits: string[] };

/** A storage whose commits can be seen. */
async function open(): Promise<Opened> {
  const folder = createTemporaryFolder();
  const path = join(folder.path, "a.db");
  await (await openSqlite({ path })).close();
  const raw = openKysely(path);
  const commits: string[] = [];
  const prepare = raw.connection.prepare.bind(raw.connection);
  raw.connection.prepare = ((source: string) => {
    const statement = prepare(source);
    if (source !== "commit") return statement;
    const run = statement.run.bind(statement);
    statement.run = (...values: unknown[]) => {
      commits.push(source);
      return run(...values);
    };
    return statement;
  }) as typeof raw.connection.prepare;
  return {
    raw,
    commits,
    storage: createStorage(raw.db, {
      files: createFileStore("nowhere"),
      transaction: createGroupCommit(raw.db),
      relaxedTransaction: createGroupCommit(raw.db),
      relaxed: (write) => write(),
      close: () => Promise.resolve(),
    }),
    async [Symbol.asyncDispose]() {
      await raw[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}

it("commits work that is asked for at once together", async () => {
  await using opened = await open();
  const users = Array.from({ length: 100 }, () => createUser());
  await Promise.all(users.map((user) => opened.storage.transaction((tx) => tx.users.insert(user))));
  expect(await opened.storage.users.list()).toHaveLength(100);
  // At most 64 share one.
  expect(opened.commits).toHaveLength(2);
});

it("undoes work that fails, and nothing beside it", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.boolean(), { minLength: 1, maxLength: 20 }), async (fates) => {
      await using opened = await open();
      const works = fates.map(async (isGood) => {
        const user = createUser();
        const work = opened.storage.transaction(async (tx) => {
          await tx.users.insert(user);
          if (!isGood) throw new Error("changed its mind");
        });
        const outcome = await work.then(
          () => "stored",
          (error: unknown) => (error as Error).message,
        );
        expect(outcome).toBe(isGood ? "stored" : "changed its mind");
        expect((await opened.storage.users.findById(user.id)) !== undefined).toBe(isGood);
      });
      await Promise.all(works);
    }),
    { numRuns: 20 },
  );
});

it("tells everyone who shared a transaction that the disk was full, and goes on", async () => {
  await using opened = await open();
  const { id: conversationId } = await insertConversation(opened.storage);
  const pages = Number(opened.raw.connection.pragma("page_count", { simple: true }));
  opened.raw.connection.pragma(`max_page_count = ${pages + 20}`);
  const user = createUser();
  const big = createMessage({ conversationId, content: "x".repeat(1_000_000) });
  const small = opened.storage.transaction((tx) => tx.users.insert(user));
  const tooBig = opened.storage.transaction((tx) => tx.messages.insert([big]));
  const outcomes = await Promise.allSettled([small, tooBig]);
  expect(outcomes[1]).toMatchObject({
    status: "rejected",
    reason: { code: "storage_unavailable", cause: { code: "SQLITE_FULL" } },
  });
  // Whether the small one was undone with it is the database's business; what is said of it must be true.
  const isStored = (await opened.storage.users.findById(user.id)) !== undefined;
  expect(outcomes[0].status).toBe(isStored ? "fulfilled" : "rejected");
  const later = createUser();
  await opened.storage.transaction((tx) => tx.users.insert(later));
  expect(await opened.storage.users.findById(later.id)).toBeDefined();
});

it("shows nobody what is not committed", async () => {
  await using opened = await open();
  const user = createUser();
  let seen: unknown = "not asked";
  const work = opened.storage.transaction(async (tx) => {
    await tx.users.insert(user);
    void opened.storage.users
      .findById(user.id)
      .then((found) => (seen = found === undefined ? "absent" : "there"));
  });
  expect(seen).toBe("not asked");
  await work;
  expect(opened.commits).toHaveLength(1);
  expect(await opened.storage.users.findById(user.id)).toBeDefined();
  expect(seen).toBe("there");
});

it("runs each shared transaction within what is put around it, also one that fails", async () => {
  await using opened = await open();
  const seen: string[] = [];
  const transact = createGroupCommit(opened.raw.db, {
    async around(share) {
      seen.push("before");
      await share().finally(() => seen.push("after"));
    },
  });
  const works = [1, 2, 3].map((number) =>
    transact(() => {
      seen.push(`work ${number}`);
      return number === 2 ? Promise.reject(new Error("changed its mind")) : Promise.resolve(number);
    }),
  );
  const outcomes = await Promise.allSettled(works);
  expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  expect(seen).toEqual(["before", "work 1", "work 2", "work 3", "after"]);
  expect(opened.commits).toHaveLength(1);
});

it("finds the texts of all work that shared a commit, and of none that failed or was deleted in it", async () => {
  await using opened = await open();
  const { storage } = opened;
  const { id: conversationId, userId } = await insertConversation(storage, { title: "Unrelated" });
  const gone = await insertConversation(storage, { title: "Unrelated", userId });
  const before = opened.commits.length;
  const say = (content: string, to = conversationId) =>
    storage.transaction((tx) => tx.messages.insert([createMessage({ conversationId: to, content })]));
  const outcomes = await Promise.allSettled([
    say("fox one"),
    storage.transaction(async (tx) => {
      await tx.messages.insert([createMessage({ conversationId, content: "fox two" })]);
      throw new Error("not that one");
    }),
    say("fox three", gone.id),
    storage.transaction((tx) => tx.conversations.delete(gone.id, userId)),
    // Is given the id in the index that the deleted text had.
    say("fox four"),
  ]);
  expect(outcomes.map(({ status }) => status)).toEqual([
    "fulfilled",
    "rejected",
    "fulfilled",
    "fulfilled",
    "fulfilled",
  ]);
  expect(opened.commits.length).toBe(before + 1);
  const newest = await storage.search.findNewest();
  const hits = await storage.search.list(
    userId,
    { terms: readSearchTerms("fox") },
    { newest, behind: undefined, limit: 10 },
  );
  expect(hits.map(({ text }) => text).toSorted()).toEqual(["fox four", "fox one"]);
});

it("tells everyone whose work the connection does not take any more", async () => {
  await using opened = await open();
  const { connection } = opened.raw;
  const prepare = connection.prepare.bind(connection);
  connection.prepare = ((source: string) => {
    const statement = prepare(source);
    if (source !== "release work") return statement;
    const run = statement.run.bind(statement);
    statement.run = (...values: unknown[]) => {
      const result = run(...values);
      // Behind the first piece of work, before the next one has its savepoint.
      connection.close();
      return result;
    };
    return statement;
  }) as typeof connection.prepare;
  const works = [1, 2, 3].map(() => opened.storage.transaction((tx) => tx.users.insert(createUser())));
  const outcomes = await Promise.allSettled(works);
  expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
});
