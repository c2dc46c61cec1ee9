import { operator } from "@llm-backend/server";
import { startBackend, type TestBackend } from "@llm-backend/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createRestCaller } from "../callers/rest-caller.ts";
import { createAdmin, createNobody } from "./admin-callers.ts";

const token = "a-static-token-of-the-operator";
const calls = [
  ["POST", "/admin/login"],
  ["GET", "/admin/upstreams"],
  ["POST", "/admin/upstreams"],
  ["PUT", "/admin/upstreams/1"],
  ["DELETE", "/admin/upstreams/1"],
  ["DELETE", "/admin/upstreams/x"],
  ["GET", "/admin/request_records"],
] as const;

let backend: TestBackend;

beforeAll(async () => {
  backend = await startBackend({ config: { authorization: `other-callers-token, ${token}`, noauth: true } });
});
afterAll(() => backend[Symbol.asyncDispose]());

const logIn = (authorization: string, url = backend.url) =>
  fetch(`${url}/admin/login`, { method: "POST", headers: { authorization } });
const createKey = async (scopes: ("admin" | "inference")[]) => {
  const { keys } = backend.server.backend.services;
  return keys.create(operator, { name: "a key", scopes });
};

describe("POST /admin/login", () => {
  it.each([`Bearer ${token}`, "Bearer other-callers-token", `Bearer${token}`, `Bearer   ${token} `])(
    "lets a token of the configuration in, as the earlier gateway read it: %s",
    async (authorization) => {
      const answer = await logIn(authorization);
      expect(answer.status).toBe(200);
      expect(await answer.json()).toEqual({ message: "success" });
    },
  );

  it("lets a key in that is for the administration, until it is revoked, and no other key", async () => {
    const { secret, key } = await createKey(["admin"]);
    expect((await logIn(`Bearer ${secret}`)).status).toBe(200);
    await backend.server.backend.services.keys.revoke(operator, key.keyId);
    expect((await logIn(`Bearer ${secret}`)).status).toBe(403);
    expect((await logIn(`Bearer ${(await createKey(["inference"])).secret}`)).status).toBe(403);
  });

  it("lets administrators in with the token of their session, until they log out, and no other user", async () => {
    const admin = await createAdmin(backend);
    expect((await admin.post("/admin/login")).status).toBe(200);
    await admin.post("/api/users/logout");
    expect((await admin.post("/admin/login")).status).toBe(403);
    expect((await (await createNobody(backend)).post("/admin/login")).status).toBe(403);
  });
});

describe("whoever is not logged in", () => {
  it.each([
    [undefined, "authorization header should start with 'Bearer'"],
    ["", "authorization header should start with 'Bearer'"],
    [token, "authorization header should start with 'Bearer'"],
    [`bearer ${token}`, "authorization header should start with 'Bearer'"],
    [`Basic ${token}`, "authorization header should start with 'Bearer'"],
    ["Bearer", "wrong authorization header"],
    ["Bearer wrong", "wrong authorization header"],
    [`Bearer ${token}x`, "wrong authorization header"],
    [`Bearer ${token.slice(0, -1)}`, "wrong authorization header"],
    [`Bearer x, ${token}`, "wrong authorization header"],
    ["Bearer sk-llmb-0000000000000000000000000000000000000000", "wrong authorization header"],
    ["Bearer eyJhbGciOiJIUzI1NiJ9.e30.x", "wrong authorization header"],
  ])(
    "is told so with 403 on every call, also where everyone may ask models: %s",
    async (authorization, error) => {
      for (const [method, path] of calls) {
        const answer = await fetch(`${backend.url}${path}`, {
          method,
          headers: authorization === undefined ? {} : { authorization },
          ...(method === "POST" || method === "PUT" ? { body: "{" } : {}),
        });
        expect([path, answer.status, await answer.json()]).toEqual([path, 403, { error }]);
      }
      expect(await backend.server.backend.services.upstreams.list()).toHaveLength(1);
    },
  );
});

it("keeps callers out of the administration where the operator names other tokens for it", async () => {
  await using apart = await startBackend({
    config: { authorization: "callers-token-1234", admin_authorization: token },
  });
  expect((await logIn("Bearer callers-token-1234", apart.url)).status).toBe(403);
  expect((await logIn(`Bearer ${token}`, apart.url)).status).toBe(200);
  await using closed = await startBackend({
    config: { authorization: "callers-token-1234", admin_authorization: "" },
  });
  expect((await logIn("Bearer callers-token-1234", closed.url)).status).toBe(403);
});

it("answers browsers of other origins, errors included", async () => {
  const preflight = await fetch(`${backend.url}/admin/upstreams/1`, {
    method: "OPTIONS",
    headers: {
      origin: "https://console.example",
      "access-control-request-method": "DELETE",
      "access-control-request-headers": "authorization",
    },
  });
  expect(preflight.status).toBeLessThan(300);
  expect(preflight.headers.get("access-control-allow-methods")).toContain("DELETE");
  for (const [method, path] of calls) {
    const answer = await fetch(`${backend.url}${path}`, { method, headers: { origin: "https://x.example" } });
    expect([path, answer.headers.get("access-control-allow-origin")]).toEqual([path, "*"]);
  }
});

it("answers 404 where there is nothing, and 404 to another method", async () => {
  const admin = createRestCaller(backend.url, token);
  for (const [method, path] of [
    ["GET", "/admin"],
    ["GET", "/admin/nothing"],
    ["GET", "/admin/login"],
    ["PATCH", "/admin/upstreams/1"],
  ] as const) {
    const answer = await admin.request(method, path);
    expect([path, answer.status, await answer.json()]).toEqual([
      path,
      404,
      { error: "There is no such path." },
    ]);
  }
});
