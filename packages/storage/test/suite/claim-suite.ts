import { expect, it } from "vitest";
import type { OpenDatabase } from "./open-database.ts";
import { createUser, nextTextId } from "./rows.ts";

export function testTemporaryClaims(open: OpenDatabase): void {
  it("gives a request to one process, until what it answered is gone", async () => {
    await using database = await open();
    const { temporaryClaims: claims, users } = database.storage;
    const user = createUser();
    const { id: userId } = user;
    await users.insert(user);
    const toClaim = (owner: string) => ({
      userId,
      requestHash: "hash",
      runId: nextTextId("run"),
      owner,
      createdAt: 1000,
    });
    const [first, second, third] = [toClaim("a"), toClaim("b"), toClaim("c")];
    expect(await claims.insertOrFind(first)).toEqual(first);
    expect(await claims.insertOrFind(second)).toEqual(first);
    expect(await claims.replace(second, first.runId)).toBe(true);
    expect(await claims.replace(third, first.runId)).toBe(false);
    await claims.delete(first);
    expect(await claims.insertOrFind(third)).toEqual(second);
    await claims.delete(second);
    expect(await claims.insertOrFind(third)).toEqual(third);
    await claims.deleteOrphans(["c", "d"]);
    await claims.deleteBefore(1000);
    expect(await claims.insertOrFind(first)).toEqual(third);
    await claims.deleteOrphans(["a"]);
    expect(await claims.insertOrFind(first)).toEqual(first);
    await claims.deleteBefore(1001);
    expect(await claims.insertOrFind(second)).toEqual(second);
    await claims.deleteOrphans([]);
    expect(await claims.insertOrFind(first)).toEqual(first);
    await database.storage.erasures.finish(userId);
    expect(await users.findById(userId)).toBeUndefined();
  });
}
