import { createHmac, createSign, generateKeyPairSync } from "node:crypto";
import { startBackend, type TestBackend } from "@llm-backend/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createRestCaller, newUsername, password, registerUser } from "../callers/rest-caller.ts";
import { openSocketCaller } from "../callers/socket-caller.ts";
import { createTrpcCaller } from "../callers/trpc-caller.ts";

const secret = "Zk3vQ9xT7mB2nL5wR8yC1dF4gH6jK0pS";

let backend: TestBackend;
let userId: number;

beforeAll(async () => {
  backend = await startBackend({ config: { jwt: { secret } } });
  const { services } = backend.server.backend;
  ({ id: userId } = await services.users.create({ username: newUsername(), password, role: "user" }));
});
afterAll(() => backend[Symbol.asyncDispose]());

const encode = (value: unknown) =>
  Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");
const now = () => Math.floor(Date.now() / 1000);
const hmac = (algorithm: string, body: string, key: string | Buffer = secret) =>
  createHmac(algorithm, key).update(body).digest("base64url");

/** What the earlier system put into its tokens. */
const claims = () => ({ user_id: userId, exp: now() + 3600 });

/** A token signed as ours are, whatever it says. */
function sign(header: unknown, payload: unknown, key: string | Buffer = secret): string {
  const body = `${encode(header)}.${encode(payload)}`;
  return `${body}.${hmac("sha256", body, key)}`;
}

const head = { alg: "HS256", typ: "JWT" };

function signRs256(): string {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const body = `${encode({ alg: "RS256", typ: "JWT" })}.${encode(claims())}`;
  return `${body}.${createSign("RSA-SHA256").update(body).sign(privateKey).toString("base64url")}`;
}

/** Tokens that look like ours, each wrong in one way. */
const wrong: readonly [name: string, make: () => string][] = [
  ["none", () => `${encode({ alg: "none" })}.${encode(claims())}.`],
  ["None", () => `${encode({ alg: "None" })}.${encode(claims())}.`],
  ["NONE with a type", () => `${encode({ alg: "NONE", typ: "JWT" })}.${encode(claims())}.`],
  ["none with a signature", () => sign({ alg: "none" }, claims())],
  ["no algorithm", () => sign({ typ: "JWT" }, claims())],
  ["null for an algorithm", () => sign({ alg: null }, claims())],
  ["a list of algorithms", () => sign({ alg: ["HS256"] }, claims())],
  ["HS256 in small letters", () => sign({ alg: "hs256" }, claims())],
  ["HS256 with a blank", () => sign({ alg: "HS256 " }, claims())],
  ["HS384", () => withHash("HS384", "sha384")],
  ["HS512", () => withHash("HS512", "sha512")],
  ["RS256 signed with the secret", () => sign({ alg: "RS256", typ: "JWT" }, claims())],
  ["RS256 of a stranger's key", signRs256],
  ["ES256", () => sign({ alg: "ES256" }, claims())],
  ["PS256", () => sign({ alg: "PS256" }, claims())],
  ["EdDSA", () => sign({ alg: "EdDSA" }, claims())],
  ["another secret", () => sign(head, claims(), "another secret of the same length!!")],
  ["an empty secret", () => sign(head, claims(), "")],
  ["the secret cut off", () => sign(head, claims(), secret.slice(0, -1))],
  ["the secret as base64", () => sign(head, claims(), Buffer.from(secret, "base64"))],
  ["an empty signature", () => sign(head, claims()).replace(/[^.]*$/, "")],
  ["no signature", () => sign(head, claims()).replace(/\.[^.]*$/, "")],
  ["a signature cut off", () => sign(head, claims()).slice(0, -3)],
  ["a signature and more", () => `${sign(head, claims())}AAAA`],
  ["a fourth part", () => `${sign(head, claims())}.x`],
  ["a dot at the end", () => `${sign(head, claims())}.`],
  ["a dot at the beginning", () => `.${sign(head, claims())}`],
  ["five parts", () => "a.b.c.d.e"],
  ["one part", () => "a"],
  ["two dots", () => ".."],
  ["a changed claim", () => changePart(1, encode({ ...claims(), user_id: 1 }))],
  ["a changed head", () => changePart(0, encode({ ...head, x: 1 }))],
  ["a head that is no JSON", () => sign("{", claims())],
  ["a head that is a list", () => sign([], claims())],
  ["a head that is null", () => sign("null", claims())],
  ["claims that are no JSON", () => sign(head, "user")],
  ["claims that are a list", () => sign(head, [1])],
  ["claims that are null", () => sign(head, "null")],
  ["claims that are a number", () => sign(head, "5")],
  ["claims that are a text", () => sign(head, '"text"')],
  ["no user", () => sign(head, { exp: now() + 3600 })],
  ["a user in a text", () => sign(head, { ...claims(), user_id: String(userId) })],
  ["a user in a list", () => sign(head, { ...claims(), user_id: [userId] })],
  ["user 0", () => sign(head, { ...claims(), user_id: 0 })],
  ["a negative user", () => sign(head, { ...claims(), user_id: -userId })],
  ["a user that does not exist", () => sign(head, { ...claims(), user_id: 4711 })],
  ["a user under another name", () => sign(head, { sub: userId, userId, exp: now() + 3600 })],
  ["no end", () => sign(head, { user_id: userId })],
  ["an end that has passed", () => sign(head, { ...claims(), exp: now() - 1 })],
  ["an end right now", () => sign(head, { ...claims(), exp: now() })],
  ["an end in a text", () => sign(head, { ...claims(), exp: String(now() + 3600) })],
  ["an end that is null", () => sign(head, { ...claims(), exp: null })],
  ["an end without end", () => sign(head, `{"user_id":${userId},"exp":1e999}`)],
  ["a beginning that has not come", () => sign(head, { ...claims(), nbf: now() + 3600 })],
  ["a session that is none", () => sign(head, { ...claims(), sid: "ses_nothing" })],
  ["a session that nobody has", () => sign(head, { ...claims(), sid: "ses_01m8162cr78f5ff3q8t9eqs0ta" })],
  ["a session that is null", () => sign(head, { ...claims(), sid: null })],
  ["an extension that must be understood", () => sign({ ...head, crit: ["exp"] }, claims())],
  ["a payload that is not encoded", () => sign({ ...head, b64: false }, claims())],
  ["a blank inside", () => `${sign(head, claims()).slice(0, 10)} ${sign(head, claims()).slice(10)}`],
  ["a quote around it", () => `"${sign(head, claims())}"`],
  ["12 KB", () => sign({ ...head, pad: "x".repeat(9000) }, claims())],
  ["NULs in place of characters", () => encodeURIComponent(`\0${sign(head, claims())}`)],
];

function withHash(alg: string, algorithm: string): string {
  const body = `${encode({ alg, typ: "JWT" })}.${encode(claims())}`;
  return `${body}.${hmac(algorithm, body)}`;
}

function changePart(index: number, part: string): string {
  return sign(head, claims())
    .split(".")
    .map((given, place) => (place === index ? part : given))
    .join(".");
}

/** The statuses with which the faces answer a token. */
async function tryEverywhere(token: string): Promise<(number | string | undefined)[]> {
  const rest = await createRestCaller(backend.url, token).get("/api/conversations/list");
  const trpc = await createTrpcCaller(backend.url, token).tryQuery("auth.me");
  expectSilent(await rest.text(), token);
  expectSilent(trpc.text, token);
  return [rest.status, trpc.status, trpc.error?.data.reason];
}

function expectSilent(text: string, token: string): void {
  expect(text).not.toMatch(/stack|jwt |jsonwebtoken|invalid signature/i);
  if (token.length > 20) expect(text).not.toContain(token);
}

describe("a token", () => {
  it("of the earlier system, signed with the same secret, is taken by every face", async () => {
    const token = sign(head, claims());
    expect(await tryEverywhere(token)).toEqual([200, 200, undefined]);
    await using socket = await openSocketCaller(backend.url, token);
    expect((await socket.call("query", "auth.me")).result?.data?.json).toMatchObject({ userId });
  });

  it("may have claims and heads that mean nothing to us: a key's name and place are not looked at", async () => {
    const heads = [
      { ...head, kid: "../../../../dev/null" },
      { ...head, kid: "' union select 'x' --" },
      {
        ...head,
        jku: "http://127.0.0.1:9/keys",
        x5u: "http://127.0.0.1:9/x",
        jwk: { kty: "oct", k: encode("x") },
      },
    ];
    for (const given of heads)
      expect(await tryEverywhere(sign(given, claims()))).toEqual([200, 200, undefined]);
    const jwk = { ...head, jwk: { kty: "oct", k: encode("theirs") } };
    expect(await tryEverywhere(sign(jwk, claims(), "theirs"))).toEqual([401, 401, "unauthenticated"]);
    const more = { ...claims(), role: "admin", iss: "x", aud: "y", iat: now() - 5 };
    expect(await tryEverywhere(sign(head, more))).toEqual([200, 200, undefined]);
    const me = await createTrpcCaller(backend.url, sign(head, more)).query<{ role: string }>("auth.me");
    expect(me.role).toBe("user");
  });

  it.each(wrong)("with %s is refused by every face", async (_name, make) => {
    const token = make();
    const statuses = await tryEverywhere(token);
    // What is longer than all headers may be does not get that far.
    expect(statuses).toEqual([401, 401, "unauthenticated"]);
    await using socket = await openSocketCaller(backend.url, token);
    expect((await socket.call("query", "auth.me")).error?.json.data.reason).toBe("unauthenticated");
  });

  it("that is wrong is refused quickly", async () => {
    const tokens = wrong.filter(([name]) => name !== "RS256 of a stranger's key").map(([, make]) => make());
    const startedAt = performance.now();
    const { sessions } = backend.server.backend.services;
    for (const token of tokens) await expect(sessions.authenticate(token)).rejects.toThrow(/token|session/i);
    expect((performance.now() - startedAt) / tokens.length).toBeLessThan(5);
  });

  it("of another backend is refused, and so is one of this backend after its secret was changed", async () => {
    await using other = await startBackend();
    const user = await registerUser(other.url);
    expect(await tryEverywhere(user.token ?? "")).toEqual([401, 401, "unauthenticated"]);
  });
});
