import { startBackend, type TestBackend } from "@llm-backend/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newUsername, password } from "../callers/rest-caller.ts";
import { createTrpcCaller, type TrpcCaller } from "../callers/trpc-caller.ts";

let backend: TestBackend;
let stranger: TrpcCaller;

beforeAll(async () => {
  backend = await startBackend();
  stranger = createTrpcCaller(backend.url);
});
afterAll(() => backend[Symbol.asyncDispose]());

type Pair = {
  accessToken: string;
  refreshToken: string;
  accessTokenExpiresAt: string;
  refreshTokenExpiresAt: string;
};

const isoDate = expect.stringMatching(/^\d{4}-\d\d-\d\dT/);

async function addUser() {
  const username = newUsername();
  const account = await stranger.mutate<{ userId: number }>("auth.register", { username, password });
  const pair = await stranger.mutate<Pair>("auth.login", { username, password });
  return { username, account, pair, trpc: createTrpcCaller(backend.url, pair.accessToken) };
}

describe("an account", () => {
  it("is made, logs in, refreshes, is asked who it is, and logs out", async () => {
    const { username, account, pair, trpc } = await addUser();
    expect(account).toEqual({ userId: expect.any(Number), username, role: "user", createdAt: isoDate });
    expect(pair).toEqual({
      accessToken: expect.any(String),
      refreshToken: expect.stringMatching(/^rt_/),
      accessTokenExpiresAt: isoDate,
      refreshTokenExpiresAt: isoDate,
    });
    expect(await trpc.query("auth.me")).toEqual(account);
    const next = await stranger.mutate<Pair>("auth.refresh", { refreshToken: pair.refreshToken });
    const renewed = createTrpcCaller(backend.url, next.accessToken);
    expect(await renewed.query("auth.me")).toEqual(account);
    await renewed.mutate("auth.logout");
    expect((await renewed.tryQuery("auth.me")).status).toBe(401);
    expect((await stranger.tryMutate("auth.refresh", { refreshToken: next.refreshToken })).status).toBe(401);
  });

  it("of a name that is taken is refused, also when 20 ask for it at once", async () => {
    const username = newUsername();
    const spellings = [username, username.toUpperCase(), username.replace("u", "\uff55")];
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        stranger.tryMutate("auth.register", { username: spellings[index % 3], password }),
      ),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ error }) => error?.data.reason === "conflict")).toHaveLength(19);
  });

  it.each(["bo\u200bb", "bo\u00adb", "\u2060bob", "bob\ufe0f", "bo\u202eb", "\ue000", "\u2800", "\u3164"])(
    "of a name with invisible characters is refused: %j",
    async (username) => {
      const answer = await stranger.tryMutate("auth.register", { username, password });
      expect(answer.error?.data.reason).toBe("invalid_input");
    },
  );

  it.each([
    "\u5f20\u4f1f",
    "Jos\u00e9",
    "O'Brien",
    "a b",
    "\u{1f600}",
    "\u0905\u0930\u094d\u091c\u0941\u0928",
    "x".repeat(64),
  ])("may be named %s", async (name) => {
    const username = name.length === 64 ? name : `${name} ${newUsername()}`;
    expect((await stranger.tryMutate("auth.register", { username, password })).status).toBe(200);
    expect((await stranger.tryMutate("auth.login", { username, password })).status).toBe(200);
  });

  it("changes its password, keeps this session, and ends the others", async () => {
    const { username, trpc } = await addUser();
    const other = await stranger.mutate<Pair>("auth.login", { username, password });
    await trpc.mutate("auth.changePassword", { currentPassword: password, newPassword: "another password" });
    expect((await trpc.tryQuery("auth.me")).status).toBe(200);
    expect((await createTrpcCaller(backend.url, other.accessToken).tryQuery("auth.me")).status).toBe(401);
    expect((await stranger.tryMutate("auth.login", { username, password })).status).toBe(401);
    expect((await stranger.tryMutate("auth.login", { username, password: "another password" })).status).toBe(
      200,
    );
  });

  it("does not change its password without the old one, and stays logged in", async () => {
    const { trpc } = await addUser();
    const input = { currentPassword: "a wrong password", newPassword: "another password" };
    const answer = await trpc.tryMutate("auth.changePassword", input);
    expect([answer.status, answer.error?.data.reason]).toEqual([403, "forbidden"]);
    expect((await trpc.tryQuery("auth.me")).status).toBe(200);
  });

  it("that is barred is refused at once, everywhere", async () => {
    const { username, pair, trpc } = await addUser();
    await backend.server.backend.services.users.disable(username);
    expect((await trpc.tryQuery("auth.me")).status).toBe(401);
    expect((await stranger.tryMutate("auth.refresh", { refreshToken: pair.refreshToken })).status).toBe(401);
    const login = await stranger.tryMutate("auth.login", { username, password });
    const unknown = await stranger.tryMutate("auth.login", { username: newUsername(), password });
    expect(login.text).toBe(unknown.text);
    expect(login.status).toBe(401);
  });

  it("never shows a hash, whatever is asked", async () => {
    const { trpc } = await addUser();
    for (const path of ["auth.me", "conversation.list", "model.list"]) {
      expect((await trpc.tryQuery(path, path === "conversation.list" ? {} : undefined)).text).not.toMatch(
        /argon2|hash|\$/i,
      );
    }
  });
});
