import { expect, it } from "vitest";
import type { OpenDatabase } from "./open-database.ts";
import { countTrue, createUser } from "./rows.ts";

export function testUsers(open: OpenDatabase): void {
  it("finds a user by id and by the name in its compared form", async () => {
    await using database = await open();
    const { users } = database.storage;
    const ada = createUser({ username: "Ada", usernameKey: "ada", role: "admin", tokensValidFrom: 7 });
    expect(await users.insert(ada)).toBe(true);
    await users.insert(createUser());
    expect(await users.findById(ada.id)).toEqual(ada);
    expect(await users.findByKey("ada")).toEqual(ada);
    expect(await users.findByKey("Ada")).toBeUndefined();
    expect(await users.findById(ada.id + 1_000_000)).toBeUndefined();
  });

  it("refuses a taken name and a taken id, and keeps the first", async () => {
    await using database = await open();
    const { users } = database.storage;
    const first = createUser();
    await users.insert(first);
    expect(await users.insert(createUser({ usernameKey: first.usernameKey }))).toBe(false);
    expect(await users.insert(createUser({ id: first.id, usernameKey: "another" }))).toBe(false);
    expect(await users.list()).toEqual([first]);
  });

  it("gives a name to exactly one of many who want it at once", async () => {
    await using database = await open();
    const { users } = database.storage;
    const wanting = Array.from({ length: 20 }, () => createUser({ usernameKey: "ada" }));
    expect(countTrue(await Promise.all(wanting.map((user) => users.insert(user))))).toBe(1);
    expect(await users.list()).toHaveLength(1);
  });

  it("lists all in the order in which they came", async () => {
    await using database = await open();
    const { users } = database.storage;
    const all = Array.from({ length: 5 }, () => createUser());
    for (const user of all.toReversed()) await users.insert(user);
    expect(await users.list()).toEqual(all);
  });

  it("counts the active users of a role", async () => {
    await using database = await open();
    const { users } = database.storage;
    await users.insert(createUser({ role: "admin" }));
    await users.insert(createUser({ role: "admin", status: "disabled" }));
    await users.insert(createUser());
    expect(await users.countActive("admin")).toBe(1);
    expect(await users.countActive("user")).toBe(1);
  });

  it("changes what it is told to, of that user only", async () => {
    await using database = await open();
    const { users } = database.storage;
    const ada = createUser();
    const other = createUser();
    await users.insert(ada);
    await users.insert(other);
    await users.updatePassword(ada.id, { passwordHash: "new" });
    await users.updateTokensValidFrom(ada.id, 99);
    await users.updateRole(ada.id, "admin");
    await users.updateStatus(ada.id, "disabled");
    const changed = { ...ada, passwordHash: "new", tokensValidFrom: 99, role: "admin", status: "disabled" };
    expect(await users.findById(ada.id)).toEqual(changed);
    expect(await users.findById(other.id)).toEqual(other);
  });
}
