import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openSqlite } from "../src/index.ts";
import { createSession, createUser } from "./suite/rows.ts";
import { createTemporaryFolder } from "./temporary-folder.ts";

/** A file with two writers that know nothing of each other, as two processes have it. */
async function openTwice(path: string) {
  const first = await openSqlite({ path, exclusive: true, shared: true });
  const second = await openSqlite({ path, shared: true });
  return {
    first,
    second,
    async [Symbol.asyncDispose]() {
      await second.close();
      await first.close();
    },
  };
}

describe("a file that several processes write", () => {
  it("lets a write wait for another one without stopping anything else", async () => {
    using folder = createTemporaryFolder();
    await using file = await openTwice(join(folder.path, "a.db"));
    const isHeld = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    const held = file.first.transaction(async (tx) => {
      await tx.users.insert(createUser());
      isHeld.resolve();
      await gate.promise;
    });
    await isHeld.promise;
    const order: string[] = [];
    const user = createUser();
    const plain = file.second.users.insert(createUser()).then(() => order.push("plain"));
    const whole = file.second.transaction((tx) => tx.users.insert(user)).then(() => order.push("whole"));
    // Were the event loop held up, this would come only when the wait had failed.
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(order).toEqual([]);
    gate.resolve();
    await held;
    await Promise.all([plain, whole]);
    expect(order.toSorted()).toEqual(["plain", "whole"]);
    expect(await file.first.users.findById(user.id)).toEqual(user);
  });

  it("gives every writer its turn, and loses nothing, however hard all of them write", async () => {
    using folder = createTemporaryFolder();
    await using file = await openTwice(join(folder.path, "a.db"));
    const user = createUser();
    await file.first.users.insert(user);
    const writesMax = 150;
    let rivals = 2;
    const left: number[] = [];
    const write = async (storage: typeof file.first) => {
      for (let count = 0; count < writesMax; count++) {
        const session = createSession({ userId: user.id });
        await storage.transaction((tx) => tx.sessions.insert(session));
        if (count % 10 === 0) await storage.sessions.revoke(session.id, 1);
        if (count === writesMax / 2) left.push(rivals);
      }
      rivals--;
    };
    await Promise.all([write(file.first), write(file.second)]);
    // Nobody was half-way only after the other one had finished.
    expect(left).toEqual([2, 2]);
    expect(await file.second.sessions.revokeAll(user.id, { now: 2 })).toHaveLength(writesMax * 2 - 30);
  });
});
