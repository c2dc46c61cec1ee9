import { join } from "node:path";
import { spawnBackend, type BackendProcess } from "@llm-backend/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createRestCaller, logIn, newUsername, password } from "../callers/rest-caller.ts";
import { createTrpcCaller } from "../callers/trpc-caller.ts";
import { run, runHere } from "./run-program.ts";

let backend: BackendProcess;

beforeAll(async () => {
  backend = await spawnBackend();
});
afterAll(() => backend[Symbol.asyncDispose]());

/** A command about users, on the data of a server that runs. */
function userOf(server: BackendProcess, args: readonly string[], input?: string) {
  const config = join(server.folder, "config.yaml");
  return runHere(["user", ...args, "--config", config, "--data", server.dataFolder], input);
}
const user = (args: readonly string[], input?: string) => userOf(backend, args, input);

const create = (name: string, ...flags: string[]) =>
  user(["create", name, "--password-stdin", ...flags], `${password}\n`);

async function readRole(username: string): Promise<string> {
  const { token } = await logIn(backend.url, username);
  return (await createTrpcCaller(backend.url, token).query<{ role: string }>("auth.me")).role;
}

describe("the commands about users, while a server runs", () => {
  it("make an account that can log in at once, list it, promote and demote it", async () => {
    const name = newUsername();
    const args = ["user", "create", name, "--password-stdin"];
    const made = await run(args, { folder: backend.folder, input: `${password}\n` });
    expect([made.code, made.stdout, made.stderr]).toEqual([
      0,
      expect.stringContaining(`Made the user ${name}`),
      "",
    ]);
    expect(await readRole(name)).toBe("user");
    const listed = await user(["list"]);
    const row = listed.stdout.split("\n").find((line) => line.includes(name));
    expect(row?.split(/ {2,}/)).toEqual([
      expect.stringMatching(/^\d+$/),
      name,
      "user",
      "active",
      expect.stringMatching(/^\d{4}-/),
    ]);
    expect(listed.stdout).not.toMatch(/argon2|hash/);
    const root = newUsername();
    await create(root, "--admin");
    expect((await user(["promote", name])).code).toBe(0);
    expect(await readRole(name)).toBe("admin");
    expect((await user(["demote", name])).code).toBe(0);
    expect(await readRole(name)).toBe("user");
  });

  it("remove a user, whose requests are refused at once and whose name is free", async () => {
    const name = newUsername();
    await create(name);
    const { token } = await logIn(backend.url, name);
    const removed = await user(["delete", name]);
    expect([removed.code, removed.stdout]).toEqual([0, expect.stringContaining(`${name} is gone`)]);
    expect((await createTrpcCaller(backend.url, token).tryQuery("auth.me")).status).toBe(401);
    expect((await user(["list"])).stdout).not.toContain(name);
    expect((await user(["delete", name])).code).not.toBe(0);
    expect((await create(name)).code).toBe(0);
  });

  it("bar a user whose requests are refused at once, and open the account again", async () => {
    const name = newUsername();
    await create(name);
    const session = await logIn(backend.url, name);
    expect((await session.get("/api/conversations/list")).status).toBe(200);
    const barred = await user(["disable", name]);
    expect([barred.code, barred.stdout]).toEqual([0, expect.stringContaining(`${name} is barred`)]);
    expect((await session.get("/api/conversations/list")).status).toBe(401);
    const login = await createRestCaller(backend.url).post("/api/users/login", { username: name, password });
    expect(login.status).toBe(401);
    expect((await user(["enable", name])).code).toBe(0);
    expect((await session.get("/api/conversations/list")).status).toBe(401);
    expect((await (await logIn(backend.url, name)).get("/api/conversations/list")).status).toBe(200);
  });

  it("set a new password, which ends the sessions", async () => {
    const name = newUsername();
    await create(name);
    const session = await logIn(backend.url, name);
    expect((await user(["password", name, "--password-stdin"], "another password\n")).code).toBe(0);
    expect((await session.get("/api/conversations/list")).status).toBe(401);
    const stranger = createRestCaller(backend.url);
    expect((await stranger.post("/api/users/login", { username: name, password })).status).toBe(401);
    const login = await stranger.post("/api/users/login", { username: name, password: "another password" });
    expect(login.status).toBe(200);
  });

  it.each([
    ["a name that is taken, in another spelling", (name: string) => create(name.toUpperCase()), "taken"],
    [
      "a password that is too short",
      () => user(["create", newUsername(), "--password-stdin"], "short\n"),
      "8 characters",
    ],
    ["no password at all", () => user(["create", newUsername(), "--password-stdin"], ""), "8 characters"],
    ["a name with an invisible character", () => create("bo\u200bb"), "invisible"],
    ["an empty name", () => create(""), "user name"],
    ["a user that does not exist", () => user(["promote", "nobody-at-all"]), "nobody-at-all"],
    ["barring one that does not exist", () => user(["disable", "nobody-at-all"]), "nobody-at-all"],
  ])("refuse %s in one sentence, with 1", async (_name, attempt, words) => {
    const name = newUsername();
    if (words === "taken") await create(name);
    const { code, stdout, stderr } = await attempt(name);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expect(stderr).toContain(words);
    expect(stderr).not.toMatch(/\.ts:\d|Error:/);
  });

  it("never leave the server without an administrator", async () => {
    await using other = await spawnBackend();
    const on = (args: readonly string[], input?: string) => userOf(other, args, input);
    expect((await on(["create", "root", "--admin", "--password-stdin"], password)).code).toBe(0);
    for (const command of ["disable", "demote"]) {
      const { code, stderr } = await on([command, "root"]);
      expect([code, stderr]).toEqual([1, expect.stringContaining("last administrator")]);
    }
    expect((await on(["list"])).stdout).toMatch(/root\s+admin\s+active/);
  });
});
