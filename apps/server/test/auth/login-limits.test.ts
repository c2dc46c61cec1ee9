import { startBackend, type TestBackend } from "@llm-backend/testing";
import { describe, expect, it } from "vitest";
import { createRestCaller, newUsername, password } from "../callers/rest-caller.ts";
import { createTrpcCaller } from "../callers/trpc-caller.ts";

/** A backend behind a proxy on loopback: the tests say where their requests come from. */
const startLimited = (
  limits: Record<string, number>,
  config: { auth?: object; trusted_proxies?: readonly string[] } = {},
) =>
  startBackend({
    config: {
      trusted_proxies: config.trusted_proxies ?? ["loopback"],
      auth: {
        ...config.auth,
        login_limits: {
          per_account_and_address: 1000,
          per_account: 1000,
          per_address: 1000,
          registrations_per_address: 1000,
          ...limits,
        },
      },
    },
  });

type Try = { readonly username: string; readonly given?: string; readonly from?: string };

/** The answer to one login. */
const logIn = (backend: TestBackend, { username, given = "a wrong password", from = "192.0.2.1" }: Try) =>
  createRestCaller(backend.url).post(
    "/api/users/login",
    { username, password: given },
    { "x-forwarded-for": from },
  );

const statuses = async (backend: TestBackend, tries: readonly Try[]) =>
  Promise.all(tries.map(async (given) => (await logIn(backend, given)).status));

const times = (count: number, given: Try) => Array.from({ length: count }, () => given);

async function addUser(backend: TestBackend): Promise<string> {
  const username = newUsername();
  await backend.server.backend.services.users.create({ username, password, role: "user" });
  return username;
}

const count = (list: readonly number[], status: number) => list.filter((one) => one === status).length;

describe("guessing one account's password from one address", () => {
  it("is slowed after so many failures, also when they come at once, with the time to wait", async () => {
    await using backend = await startLimited({ per_account_and_address: 5 });
    const username = await addUser(backend);
    const first = await statuses(backend, times(12, { username }));
    expect([count(first, 401), count(first, 429)]).toEqual([5, 7]);
    const refused = await logIn(backend, { username, given: password });
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(500);
    expect(await refused.json()).toEqual({ error: "Too many tries; wait a little." });
    // Another account from there, and the account from elsewhere, are not touched.
    expect(await statuses(backend, [{ username: await addUser(backend), given: password }])).toEqual([200]);
    expect(await statuses(backend, [{ username, given: password, from: "198.51.100.7" }])).toEqual([200]);
  });

  it("counts the faces together", async () => {
    await using backend = await startLimited({ per_account_and_address: 3 });
    const username = await addUser(backend);
    const trpc = createTrpcCaller(backend.url);
    const input = { username, password: "a wrong password" };
    const found = [];
    for (const path of ["auth.login", "auth.loginForDay", "auth.login"])
      found.push((await trpc.tryMutate(path, input)).status);
    expect(found).toEqual([401, 401, 401]);
    const refused = await trpc.tryMutate("auth.loginForDay", input);
    expect([refused.status, refused.error?.data.reason]).toEqual([429, "rate_limited"]);
    expect(refused.error?.data.retryAfterMs).toBeGreaterThanOrEqual(1000);
    expect(refused.headers.get("retry-after")).toMatch(/^\d+$/);
  });

  it("forgets failures when the right password comes, so that an owner who mistypes is not slowed", async () => {
    await using backend = await startLimited({ per_account_and_address: 3 });
    const username = await addUser(backend);
    for (let round = 0; round < 3; round++) {
      expect(await statuses(backend, times(2, { username }))).toEqual([401, 401]);
      expect(await statuses(backend, [{ username, given: password }])).toEqual([200]);
    }
  });

  it("counts the spellings of a name as one", async () => {
    await using backend = await startLimited({ per_account_and_address: 2 });
    const username = await addUser(backend);
    const spellings = [username, username.toUpperCase(), username.replace("u", "\uff55")];
    const found = [];
    for (const spelling of spellings) found.push(...(await statuses(backend, [{ username: spelling }])));
    expect(found).toEqual([401, 401, 429]);
  });
});

describe("guessing from one address", () => {
  it("is slowed after so many failures, whatever the accounts", async () => {
    await using backend = await startLimited({ per_address: 5 });
    const names = Array.from({ length: 8 }, newUsername);
    const found = await statuses(
      backend,
      names.map((username) => ({ username })),
    );
    expect([count(found, 401), count(found, 429)]).toEqual([5, 3]);
    expect(await statuses(backend, [{ username: newUsername(), from: "198.51.100.7" }])).toEqual([401]);
  });

  it("counts an IPv6 subscriber as one address, and the next one as another", async () => {
    await using backend = await startLimited({ per_address: 4 });
    const from = (last: string) => ({ username: newUsername(), from: `2001:db8:1:2::${last}` });
    const found = await statuses(backend, ["1", "2", "ffff", "a:b:c", "5", "6"].map(from));
    expect([count(found, 401), count(found, 429)]).toEqual([4, 2]);
    expect(await statuses(backend, [{ username: newUsername(), from: "2001:db8:1:3::1" }])).toEqual([401]);
    expect(await statuses(backend, [{ username: newUsername(), from: "::ffff:192.0.2.9" }])).toEqual([401]);
  });
});

describe("guessing one account's password from everywhere", () => {
  it("is slowed for strangers, and its owner gets in from where they were before", async () => {
    await using backend = await startLimited({ per_account: 5 });
    const username = await addUser(backend);
    const home = "203.0.113.5";
    expect(await statuses(backend, [{ username, given: password, from: home }])).toEqual([200]);
    const everywhere = Array.from({ length: 12 }, (_, index) => ({ username, from: `198.51.100.${index}` }));
    const found = await statuses(backend, everywhere);
    // Beyond the limit strangers get one try every three seconds.
    expect(count(found, 401)).toBeLessThanOrEqual(7);
    expect(count(found, 401)).toBeGreaterThanOrEqual(5);
    expect(count(found, 401) + count(found, 429)).toBe(12);
    expect(await statuses(backend, [{ username, given: password, from: home }])).toEqual([200]);
    expect(await statuses(backend, [{ username: await addUser(backend), given: password }])).toEqual([200]);
  });
});

describe("an owner whose address changes within their own network", () => {
  it("is no stranger there, however often others guess", async () => {
    await using backend = await startLimited({ per_account: 3 });
    const username = await addUser(backend);
    expect(await statuses(backend, [{ username, given: password, from: "2001:db8:1:2::1" }])).toEqual([200]);
    await statuses(
      backend,
      Array.from({ length: 8 }, (_, index) => ({ username, from: `198.51.100.${index}` })),
    );
    const tries = ["2001:db8:1:2:aaaa::7", "2001:db8:1:2::9"].map((from) => ({
      username,
      given: password,
      from,
    }));
    expect(await statuses(backend, tries)).toEqual([200, 200]);
  });
});

describe("registering from one address", () => {
  it("is slowed after so many accounts", async () => {
    await using backend = await startLimited({ registrations_per_address: 3 });
    const register = async (from: string) =>
      (
        await createRestCaller(backend.url).post(
          "/api/users/register",
          { username: newUsername(), password },
          { "x-forwarded-for": from },
        )
      ).status;
    const found = await Promise.all(Array.from({ length: 5 }, () => register("192.0.2.1")));
    expect([count(found, 201), count(found, 429)]).toEqual([3, 2]);
    expect(await register("192.0.2.2")).toBe(201);
  });
});

describe("X-Forwarded-For", () => {
  it("is ignored from whoever is no trusted proxy: it does not reset a limit", async () => {
    await using backend = await startLimited({ per_account_and_address: 3 }, { trusted_proxies: [] });
    const username = await addUser(backend);
    const found = await statuses(
      backend,
      Array.from({ length: 6 }, (_, index) => ({ username, from: `198.51.100.${index}` })),
    );
    expect([count(found, 401), count(found, 429)]).toEqual([3, 3]);
  });

  it("is read from the right: what the caller itself puts in front of it counts for nothing", async () => {
    await using backend = await startLimited({ per_account_and_address: 3 });
    const username = await addUser(backend);
    const found = await statuses(
      backend,
      Array.from({ length: 6 }, (_, index) => ({ username, from: `198.51.100.${index}, 192.0.2.1` })),
    );
    expect([count(found, 401), count(found, 429)]).toEqual([3, 3]);
  });

  it("is believed on the WebSocket by the same rule", async () => {
    for (const [proxies, expected] of [
      [["loopback"], 200],
      [[], 429],
    ] as const) {
      await using backend = await startLimited({ per_address: 1 }, { trusted_proxies: proxies });
      const { WebSocket } = await import("ws");
      const answers: number[] = [];
      for (const from of ["192.0.2.1", "192.0.2.2"]) {
        const socket = new WebSocket(`${backend.url.replace("http", "ws")}/trpc`, {
          headers: { "x-forwarded-for": from },
        });
        const { promise, resolve } = Promise.withResolvers<string>();
        socket.on("message", (data: Buffer) => resolve(data.toString()));
        socket.on("open", () => {
          const input = { json: { username: "nobody", password } };
          socket.send(JSON.stringify({ id: 1, method: "mutation", params: { path: "auth.login", input } }));
        });
        const { error } = JSON.parse(await promise) as { error: { json: { data: { httpStatus: number } } } };
        answers.push(error.json.data.httpStatus);
        socket.terminate();
      }
      expect(answers).toEqual([401, expected === 200 ? 401 : 429]);
    }
  });
});

describe("too many logins at once", () => {
  it("are answered with 503 and the time to wait, and the others with what they asked for", async () => {
    await using backend = await startLimited({}, { auth: { hash_concurrency: 1, hash_queue_max: 4 } });
    const username = await addUser(backend);
    const answers = await Promise.all(
      Array.from({ length: 30 }, () => logIn(backend, { username, given: password })),
    );
    const found = answers.map(({ status }) => status);
    expect(count(found, 200)).toBeGreaterThanOrEqual(5);
    expect(count(found, 503)).toBeGreaterThan(0);
    expect(count(found, 200) + count(found, 503)).toBe(30);
    const refused = answers.find(({ status }) => status === 503);
    expect(refused?.headers.get("retry-after")).toBe("1");
    expect(await refused?.json()).toEqual({ error: expect.stringMatching(/./) });
    expect((await logIn(backend, { username, given: password })).status).toBe(200);
  });

  it("do not count as failures: nobody has looked at them", async () => {
    await using backend = await startLimited(
      { per_account_and_address: 3 },
      { auth: { hash_concurrency: 1, hash_queue_max: 0 } },
    );
    const username = await addUser(backend);
    const found = await statuses(backend, times(3, { username }));
    expect([count(found, 401), count(found, 503)]).toEqual([1, 2]);
    const rest = [];
    for (let index = 0; index < 3; index++) rest.push((await logIn(backend, { username })).status);
    expect(rest).toEqual([401, 401, 429]);
  });
});
