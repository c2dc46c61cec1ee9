import { DomainError, type TokenPair } from "@llm-backend/contract";
import jwt from "jsonwebtoken";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { codeOf, jwtSecret, openServices, type OpenedServices } from "./open-services.ts";

const password = "correct horse battery";
const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

let opened: OpenedServices;
beforeAll(async () => {
  opened = await openServices();
});
afterAll(() => opened[Symbol.asyncDispose]());

let made = 0;

/** A new user, and what their services say. */
async function addUser() {
  const username = `user-${++made}`;
  const { services } = opened.backend;
  const user = await services.users.create({ username, password, role: "user" });
  const address = "192.0.2.1";
  return {
    user,
    username,
    login: () => services.auth.loginRotating({ username, password }, address),
    loginForDay: async () => (await services.auth.login({ username, password }, address)).token,
  };
}

const authenticate = (token: string | undefined) =>
  codeOf(opened.backend.services.sessions.authenticate(token));
const refresh = (token: string) => opened.backend.services.auth.refresh(token);
const pass = (ms: number) => void (opened.clock.now += ms);

/** A token as the earlier system issued it: 24 hours, and no time of issue. */
const issueEarlier = (userId: number, claims: Record<string, unknown> = {}) =>
  jwt.sign({ user_id: userId, exp: Math.floor(opened.clock.now / 1000) + 24 * 3600, ...claims }, jwtSecret, {
    algorithm: "HS256",
    noTimestamp: true,
  });

describe("an access token", () => {
  it("is good for 15 minutes", async () => {
    const { accessToken, accessTokenExpiresAt } = await (await addUser()).login();
    expect(accessTokenExpiresAt.getTime() - opened.clock.now).toBe(15 * minuteMs);
    pass(15 * minuteMs - 1000);
    expect(await authenticate(accessToken)).toBeUndefined();
    pass(1000);
    expect(await authenticate(accessToken)).toBe("unauthenticated");
  });

  it("of the day's kind is good for 24 hours", async () => {
    const token = await (await addUser()).loginForDay();
    pass(dayMs - 1000);
    expect(await authenticate(token)).toBeUndefined();
    pass(1000);
    expect(await authenticate(token)).toBe("unauthenticated");
  });

  it("says who its owner is", async () => {
    const { user, login } = await addUser();
    const viewer = await opened.backend.services.sessions.authenticate((await login()).accessToken);
    expect(viewer).toMatchObject({ userId: user.id, username: user.username, role: "user" });
  });

  it("with the claims of another user for its session is refused", async () => {
    const { login } = await addUser();
    const other = await addUser();
    const claims = jwt.decode((await login()).accessToken) as Record<string, unknown>;
    const mixed = jwt.sign({ ...claims, user_id: other.user.id }, jwtSecret, { algorithm: "HS256" });
    expect(await authenticate(mixed)).toBe("unauthenticated");
  });

  it("is no refresh token, and a refresh token is no access token", async () => {
    const { accessToken, refreshToken } = await (await addUser()).login();
    expect(await authenticate(refreshToken)).toBe("unauthenticated");
    expect(await codeOf(refresh(accessToken))).toBe("unauthenticated");
  });
});

describe("a refresh token", () => {
  it("is traded for the next pair, once", async () => {
    const first = await (await addUser()).login();
    const second = await refresh(first.refreshToken);
    expect(second.refreshToken).not.toBe(first.refreshToken);
    expect(await authenticate(second.accessToken)).toBeUndefined();
    const third = await refresh(second.refreshToken);
    expect(new Set([first, second, third].map(({ refreshToken }) => refreshToken)).size).toBe(3);
  });

  it("used again within ten seconds is answered with the same child", async () => {
    const first = await (await addUser()).login();
    const second = await refresh(first.refreshToken);
    pass(9999);
    const again = await refresh(first.refreshToken);
    expect(again.refreshToken).toBe(second.refreshToken);
    expect(await authenticate(again.accessToken)).toBeUndefined();
    expect(await codeOf(refresh(again.refreshToken))).toBeUndefined();
  });

  it("used again later was copied: the whole session ends, its newest tokens too", async () => {
    const first = await (await addUser()).login();
    const second = await refresh(first.refreshToken);
    pass(10_001);
    expect(await codeOf(refresh(first.refreshToken))).toBe("unauthenticated");
    expect(await codeOf(refresh(second.refreshToken))).toBe("unauthenticated");
    expect(await authenticate(second.accessToken)).toBe("unauthenticated");
  });

  it("older than the one before the newest ends the session at once", async () => {
    const first = await (await addUser()).login();
    const second = await refresh(first.refreshToken);
    const third = await refresh(second.refreshToken);
    expect(await codeOf(refresh(first.refreshToken))).toBe("unauthenticated");
    expect(await authenticate(third.accessToken)).toBe("unauthenticated");
  });

  it("agrees with itself when it is used 20 times at once", async () => {
    const { refreshToken } = await (await addUser()).login();
    const pairs = await Promise.all(Array.from({ length: 20 }, () => refresh(refreshToken)));
    expect(new Set(pairs.map((pair: TokenPair) => pair.refreshToken)).size).toBe(1);
    expect(await codeOf(refresh(pairs[7]?.refreshToken ?? ""))).toBeUndefined();
  });

  it("that is not used for 30 days is void, and each use gives it 30 more, but no session lives longer than 90", async () => {
    const { login } = await addUser();
    const idle = await login();
    let used = await login();
    for (const days of [29, 29, 29]) {
      pass(days * dayMs);
      used = await refresh(used.refreshToken);
    }
    expect(await codeOf(refresh(idle.refreshToken))).toBe("unauthenticated");
    expect(used.refreshTokenExpiresAt.getTime() - opened.clock.now).toBe(3 * dayMs);
    pass(3 * dayMs);
    expect(await codeOf(refresh(used.refreshToken))).toBe("unauthenticated");
    expect(await authenticate(used.accessToken)).toBe("unauthenticated");
  });

  it("cannot be made up or changed, and trying so costs its owner nothing", async () => {
    const { refreshToken } = await (await addUser()).login();
    const [, head = "", mac = ""] = /^(rt_ses_\w{26})_0_(.+)$/.exec(refreshToken) ?? [];
    const forged = [
      "",
      "rt_",
      `${head}_1_${mac}`,
      `${head}_00_${mac}`,
      `${head}_0_${mac.slice(0, -1)}`,
      `${head}_0_${mac}x`,
      `${head}_0_${"A".repeat(43)}`,
      `rt_ses_${"0".repeat(26)}_0_${mac}`,
      `${refreshToken} `,
      refreshToken.toUpperCase(),
      "x".repeat(512),
    ];
    for (const token of forged) expect(await codeOf(refresh(token))).toBe("unauthenticated");
    expect(await codeOf(refresh(refreshToken))).toBeUndefined();
  });
});

describe("ending sessions", () => {
  it("ends both tokens of the session that logs out, and no other session", async () => {
    const { login } = await addUser();
    const [mine, other] = [await login(), await login()];
    const { services } = opened.backend;
    await services.auth.logout(await services.sessions.authenticate(mine.accessToken));
    expect(await authenticate(mine.accessToken)).toBe("unauthenticated");
    expect(await codeOf(refresh(mine.refreshToken))).toBe("unauthenticated");
    expect(await authenticate(other.accessToken)).toBeUndefined();
  });

  it("ends every session of the user who logs out everywhere, tokens of the earlier system that nobody saw yet included", async () => {
    const { user, login, loginForDay } = await addUser();
    const stranger = await addUser();
    const theirs = await stranger.loginForDay();
    const [pair, day, seen, unseen] = [
      await login(),
      await loginForDay(),
      issueEarlier(user.id),
      issueEarlier(user.id, { n: 2 }),
    ];
    expect(await authenticate(seen)).toBeUndefined();
    pass(1000);
    const { services } = opened.backend;
    await services.auth.logoutEverywhere(await services.sessions.authenticate(day));
    for (const token of [pair.accessToken, day, seen, unseen])
      expect(await authenticate(token)).toBe("unauthenticated");
    expect(await authenticate(theirs)).toBeUndefined();
    pass(2000);
    expect(await authenticate(issueEarlier(user.id))).toBeUndefined();
  });

  it("keeps only the session that sets a new password", async () => {
    const { username, login } = await addUser();
    const [mine, other] = [await login(), await login()];
    const { services } = opened.backend;
    const viewer = await services.sessions.authenticate(mine.accessToken);
    const input = { currentPassword: password, newPassword: "another password" };
    await services.auth.changePassword(viewer, input, "192.0.2.1");
    expect(await authenticate(mine.accessToken)).toBeUndefined();
    expect(await authenticate(other.accessToken)).toBe("unauthenticated");
    expect(await codeOf(login())).toBe("unauthenticated");
    expect(
      await codeOf(services.auth.login({ username, password: "another password" }, "192.0.2.1")),
    ).toBeUndefined();
  });

  it("sets no new password for whoever does not know the old one, and ends nothing", async () => {
    const { login } = await addUser();
    const mine = await login();
    const { services } = opened.backend;
    const viewer = await services.sessions.authenticate(mine.accessToken);
    const input = { currentPassword: "a wrong password", newPassword: "another password" };
    expect(await codeOf(services.auth.changePassword(viewer, input, "192.0.2.1"))).toBe("forbidden");
    expect(await authenticate(mine.accessToken)).toBeUndefined();
    expect(await codeOf(login())).toBeUndefined();
  });

  it("refuses a disabled user at once; what ended then stays ended when the account is opened again", async () => {
    const { user, username, login, loginForDay } = await addUser();
    const [pair, day, earlier] = [await login(), await loginForDay(), issueEarlier(user.id)];
    const { services } = opened.backend;
    pass(1000);
    await services.users.disable(username);
    for (const token of [pair.accessToken, day, earlier])
      expect(await authenticate(token)).toBe("unauthenticated");
    expect(await codeOf(refresh(pair.refreshToken))).toBe("unauthenticated");
    expect(await codeOf(login())).toBe("unauthenticated");
    await services.users.enable(username);
    for (const token of [pair.accessToken, day, earlier])
      expect(await authenticate(token)).toBe("unauthenticated");
    expect(await codeOf(login())).toBeUndefined();
  });

  it("forgets sessions only when they have been over for 90 days", async () => {
    const { user, loginForDay } = await addUser();
    await loginForDay();
    pass(dayMs + 89 * dayMs);
    await opened.backend.sweep();
    expect(await opened.storage.sessions.existsFrom(user.id, "192.0.2.1")).toBe(true);
    pass(2 * dayMs);
    await opened.backend.sweep();
    expect(await opened.storage.sessions.existsFrom(user.id, "192.0.2.1")).toBe(false);
  });
});

describe("a token of the earlier system", () => {
  it("is accepted until its own end", async () => {
    const { user } = await addUser();
    const token = issueEarlier(user.id);
    expect(await authenticate(token)).toBeUndefined();
    pass(dayMs - 1000);
    expect(await authenticate(token)).toBeUndefined();
    pass(1000);
    expect(await authenticate(token)).toBe("unauthenticated");
  });

  it("is accepted when it is first seen 20 times at once", async () => {
    const { user } = await addUser();
    const token = issueEarlier(user.id);
    const codes = await Promise.all(Array.from({ length: 20 }, () => authenticate(token)));
    expect(codes.filter((code) => code !== undefined)).toEqual([]);
  });

  it("can be logged out like any other, and stays so", async () => {
    const { user } = await addUser();
    const [token, other] = [issueEarlier(user.id), issueEarlier(user.id, { n: 1 })];
    const { services } = opened.backend;
    await services.auth.logout(await services.sessions.authenticate(token));
    expect(await authenticate(token)).toBe("unauthenticated");
    expect(await authenticate(other)).toBeUndefined();
  });

  it("of a user that does not exist is refused", async () => {
    expect(await authenticate(issueEarlier(4711))).toBe("unauthenticated");
  });

  it.each([
    ["no user", { user_id: undefined }],
    ["a user in a text", { user_id: "1" }],
    ["a broken user", { user_id: 1.5 }],
    ["no end", { exp: undefined }],
    ["an end in a text", { exp: "2030" }],
    ["a session that is none", { sid: "x" }],
    ["a session that is null", { sid: null }],
  ])("with %s is refused", async (_name, claims) => {
    const { user } = await addUser();
    const payload = { user_id: user.id, exp: Math.floor(opened.clock.now / 1000) + 3600, ...claims };
    // jsonwebtoken does not sign some of these.
    const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const body = `${encode({ alg: "HS256", typ: "JWT" })}.${encode(payload)}`;
    const { createHmac } = await import("node:crypto");
    const token = `${body}.${createHmac("sha256", jwtSecret).update(body).digest("base64url")}`;
    expect(await authenticate(token)).toBe("unauthenticated");
  });
});

describe("administrators", () => {
  it("cannot all be barred or made users: the last one stays", async () => {
    await using fresh = await openServices();
    const { users } = fresh.backend.services;
    for (const username of ["one", "two"]) await users.create({ username, password, role: "admin" });
    const outcomes = await Promise.allSettled([users.setRole("one", "user"), users.disable("two")]);
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
    const left = (await users.list()).filter(({ role, status }) => role === "admin" && status === "active");
    expect(left).toHaveLength(1);
    const last = left[0]?.username ?? "";
    expect(await codeOf(users.setRole(last, "user"))).toBe("conflict");
    expect(await codeOf(users.disable(last))).toBe("conflict");
    expect((await users.list()).find(({ username }) => username === last)).toMatchObject({
      role: "admin",
      status: "active",
    });
  });

  it("are not counted when they are barred", async () => {
    await using fresh = await openServices();
    const { users } = fresh.backend.services;
    for (const username of ["one", "two"]) await users.create({ username, password, role: "admin" });
    await users.disable("two");
    expect(await codeOf(users.disable("one"))).toBe("conflict");
    expect(await codeOf(users.setRole("one", "user"))).toBe("conflict");
    await users.enable("two");
    expect(await codeOf(users.setRole("one", "user"))).toBeUndefined();
  });

  it("can all be barred where that takes two to decide, and never are", async () => {
    for (let round = 0; round < 10; round++) {
      await using fresh = await openServices();
      const { users } = fresh.backend.services;
      await Promise.all(
        ["one", "two"].map((username) => users.create({ username, password, role: "admin" })),
      );
      await Promise.allSettled([users.setRole("one", "user"), users.setRole("two", "user")]);
      expect((await users.list()).filter(({ role }) => role === "admin")).toHaveLength(1);
    }
  });
});

describe("what a service throws", () => {
  it("is a domain error that tells nothing about the token", async () => {
    const { sessions } = opened.backend.services;
    const error = await sessions
      .authenticate("eyJhbGciOiJIUzI1NiJ9.e30.x")
      .catch((thrown: unknown) => thrown);
    expect(DomainError.is(error) && error.message).toBe("The token is not valid.");
  });
});
