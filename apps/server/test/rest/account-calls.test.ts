import { startBackend, type TestBackend } from "@llm-backend/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  createRestCaller,
  newUsername,
  password,
  registerUser,
  type RestCaller,
} from "../callers/rest-caller.ts";

let backend: TestBackend;
let stranger: RestCaller;

beforeAll(async () => {
  backend = await startBackend();
  stranger = createRestCaller(backend.url);
});
afterAll(() => backend[Symbol.asyncDispose]());

describe("POST /api/users/register", () => {
  it("makes an account and says so with 201", async () => {
    const answer = await stranger.post("/api/users/register", { username: newUsername(), password });
    expect(answer.status).toBe(201);
    expect(answer.headers.get("content-type")).toMatch(/^application\/json/);
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(await answer.json()).toEqual({ message: "User registered successfully" });
  });

  it("answers 400 for a name that is taken, in any spelling of it", async () => {
    const username = newUsername();
    expect((await stranger.post("/api/users/register", { username, password })).status).toBe(201);
    for (const twin of [username, username.toUpperCase(), username.replace("u", "\uff55")]) {
      const answer = await stranger.post("/api/users/register", { username: twin, password });
      expect(answer.status).toBe(400);
      expect(await answer.json()).toEqual({ error: "The user name is taken." });
    }
  });

  it.each([
    ["without a body", undefined],
    ["with an empty body", ""],
    ["with a body that is no JSON", "{"],
    ["with an array", []],
    ["with a string", '"text"'],
    ["with null", "null"],
    ["without a name", { password }],
    ["with an empty name", { username: "", password }],
    ["with a blank before the name", { username: " bob", password }],
    ["with an invisible character in the name", { username: "bo\u200bb", password }],
    ["with a direction override in the name", { username: "bo\u202eb", password }],
    ["with a line break in the name", { username: "bo\nb", password }],
    ["with a NUL in the name", { username: "bo\0b", password }],
    ["with a name of 65 characters", { username: "x".repeat(65), password }],
    ["with a number for a name", { username: 5, password }],
    ["without a password", { username: "bob" }],
    ["with a password of 7 characters", { username: "bob", password: "1234567" }],
    ["with a password of 1,025 bytes", { username: "bob", password: "x".repeat(1025) }],
    [
      "with a password of 400 characters that are 1,200 bytes",
      { username: "bob", password: "\u8a9e".repeat(400) },
    ],
    ["with a lone surrogate in the password", '{"username":"bob","password":"\\ud83d-and-more"}'],
  ])("answers 400 and one sentence %s", async (_name, body) => {
    const answer = await stranger.post("/api/users/register", body);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toEqual({ error: expect.stringMatching(/./) });
  });

  it("does not take a role from the caller", async () => {
    const username = newUsername();
    const body = { username, password, role: "admin", userId: 1, status: "active" };
    expect((await stranger.post("/api/users/register", body)).status).toBe(201);
    const user = (await backend.server.backend.services.users.list()).find(
      (row) => row.username === username,
    );
    expect(user?.role).toBe("user");
  });
});

describe("POST /api/users/login", () => {
  it("trades name and password for a token that is good for 24 hours", async () => {
    const username = newUsername();
    await registerUser(backend.url, username);
    const answer = await stranger.post("/api/users/login", { username, password });
    expect(answer.status).toBe(200);
    const body = (await answer.json()) as { token: string };
    expect(Object.keys(body)).toEqual(["token"]);
    const [head, claims] = body.token
      .split(".")
      .slice(0, 2)
      .map((part) => JSON.parse(Buffer.from(part, "base64url").toString()) as Record<string, unknown>);
    expect(head).toEqual({ alg: "HS256", typ: "JWT" });
    expect(claims).toMatchObject({
      user_id: expect.any(Number),
      exp: expect.any(Number),
      iat: expect.any(Number),
    });
    expect((claims?.exp as number) - (claims?.iat as number)).toBe(24 * 3600);
  });

  it("answers a wrong name and a wrong password with the same 401", async () => {
    const username = newUsername();
    await registerUser(backend.url, username);
    const wrong = await stranger.post("/api/users/login", { username, password: "another password" });
    const unknown = await stranger.post("/api/users/login", { username: `${username}-x`, password });
    expect([wrong.status, unknown.status]).toEqual([401, 401]);
    const texts = [await wrong.text(), await unknown.text()];
    expect(texts[0]).toBe('{"error":"Wrong user name or password."}');
    expect(texts[1]).toBe(texts[0]);
  });

  it("answers a name that could never have been registered as any other wrong name", async () => {
    for (const username of ["x".repeat(200), "two\nlines", " blank ", "a\u200bb"]) {
      const answer = await stranger.post("/api/users/login", { username, password });
      expect(answer.status).toBe(401);
      expect(await answer.text()).toBe('{"error":"Wrong user name or password."}');
    }
  });

  it.each([
    ["without a body", undefined],
    ["without a password", { username: "bob" }],
    ["with an empty password", { username: "bob", password: "" }],
    ["without a name", { password }],
    ["with numbers", { username: 1, password: 2 }],
    ["with a password of a megabyte", { username: "bob", password: "x".repeat(1_000_000) }],
    ["with bad JSON", '{"username":"bob",'],
  ])("answers 400 %s", async (_name, body) => {
    const answer = await stranger.post("/api/users/login", body);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toEqual({ error: expect.stringMatching(/./) });
  });
});

describe("POST /api/users/logout", () => {
  it("ends the token's session at once", async () => {
    const user = await registerUser(backend.url);
    expect((await user.get("/api/conversations/list")).status).toBe(200);
    const answer = await user.post("/api/users/logout");
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({ message: "Logged out successfully" });
    const after = await user.get("/api/conversations/list");
    expect(after.status).toBe(401);
    expect(await after.json()).toEqual({ error: expect.stringMatching(/./) });
  });

  it("leaves the other sessions of the user alone", async () => {
    const username = newUsername();
    const first = await registerUser(backend.url, username);
    const login = await stranger.post("/api/users/login", { username, password });
    const second = createRestCaller(backend.url, ((await login.json()) as { token: string }).token);
    await first.post("/api/users/logout");
    expect((await second.get("/api/conversations/list")).status).toBe(200);
  });
});

describe("closed registration", () => {
  it("answers 403 and lets those log in who have an account", async () => {
    await using closed = await startBackend({ config: { auth: { registration: "closed" } } });
    const answer = await createRestCaller(closed.url).post("/api/users/register", {
      username: newUsername(),
      password,
    });
    expect(answer.status).toBe(403);
    expect(await answer.json()).toEqual({ error: expect.stringContaining("closed") });
    const username = newUsername();
    await closed.server.backend.services.users.create({ username, password, role: "user" });
    const login = await createRestCaller(closed.url).post("/api/users/login", { username, password });
    expect(login.status).toBe(200);
  });
});
