import { startBackend, type TestBackend } from "@llm-backend/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createRestCaller, type RestCaller } from "../callers/rest-caller.ts";

const token = "a-static-token-of-the-operator";
const key = "sk-of-an-upstream-1234567890-abcd";
const endpoint = "https://api.example/v1";
const succeeded = { message: "success" };

type Row = Record<string, unknown> & { ID: number; SK: string; Endpoint: string; UpdatedAt: string };

let backend: TestBackend;
let admin: RestCaller;

beforeAll(async () => {
  backend = await startBackend({ config: { authorization: token } });
  admin = createRestCaller(backend.url, token);
});
afterAll(() => backend[Symbol.asyncDispose]());

const list = async (): Promise<Row[]> => (await (await admin.get("/admin/upstreams")).json()) as Row[];
const change = async (method: string, path: string, body?: unknown) => {
  const answer = await admin.request(method, path, body === undefined ? {} : { body });
  return { status: answer.status, body: (await answer.json()) as unknown };
};
const add = (sk: string, at: string) => change("POST", "/admin/upstreams", { SK: sk, Endpoint: at });
/** The upstream's keys and base URL, as requests to it would have them. */
const open = async (id: number) => {
  const { keys, endpoint: at } = (
    await backend.server.backend.services.upstreams.list({ showsKeys: true })
  ).find((view) => view.id === id) ?? { keys: [], endpoint: undefined };
  return [keys, at];
};

beforeEach(async () => {
  for (const { ID } of (await list()).slice(1)) await admin.request("DELETE", `/admin/upstreams/${ID}`);
});

describe("GET /admin/upstreams", () => {
  it("tells of every upstream in the earlier gateway's words, of keys only their end", async () => {
    const answer = await admin.get("/admin/upstreams");
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toMatch(/^application\/json/);
    expect(answer.headers.get("cache-control")).toBe("no-store");
    const date = expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/);
    expect(await answer.json()).toEqual([
      {
        ID: 1,
        CreatedAt: date,
        UpdatedAt: date,
        DeletedAt: null,
        SK: "…ests",
        Endpoint: "http://127.0.0.1:9/v1",
        SuccessCount: 0,
        FailedCount: 0,
        LastCallSuccessTime: "0001-01-01T00:00:00Z",
        Name: "127.0.0.1:9",
        Source: "config",
        Enabled: true,
      },
    ]);
  });

  it("shows keys whole where the operator wants it so, and takes them back as they are", async () => {
    await using showing = await startBackend({
      config: { authorization: token, gateway: { show_keys: true } },
    });
    const caller = createRestCaller(showing.url, token);
    const [row] = (await (await caller.get("/admin/upstreams")).json()) as Row[];
    expect(row?.SK).toBe("sk-server-key-of-the-tests");
    const answer = await caller.request("PUT", "/admin/upstreams/1", { body: row });
    expect(await answer.json()).toEqual(succeeded);
    expect((await (await caller.get("/admin/upstreams")).json()) as Row[]).toMatchObject([{ SK: row?.SK }]);
  });
});

describe("POST /admin/upstreams", () => {
  it("adds one, which is asked from then on", async () => {
    expect(await add(key, endpoint)).toEqual({ status: 200, body: succeeded });
    const rows = await list();
    expect(rows).toMatchObject([
      { Source: "config" },
      { SK: "…abcd", Endpoint: endpoint, Name: "api.example", Source: "api" },
    ]);
    expect(await open(rows[1]?.ID ?? 0)).toEqual([[key], endpoint]);
  });

  it("reads names in any case, whatever the content type, and minds no further fields", async () => {
    const body = JSON.stringify({ sk: key, endPoint: endpoint, ID: 7, SuccessCount: 5, CreatedAt: "x" });
    const answer = await admin.request("POST", "/admin/upstreams", {
      body,
      headers: { "content-type": "text/plain" },
    });
    expect(answer.status).toBe(200);
    expect((await list())[1]).toMatchObject({ SK: "…abcd", Endpoint: endpoint, SuccessCount: 0 });
  });

  it("passes the caller's own header on where the key is asis", async () => {
    await add("asis", endpoint);
    const [, row] = await list();
    expect(row?.SK).toBe("asis");
    const [view] = (await backend.server.backend.services.upstreams.list()).slice(1);
    expect(view).toMatchObject({ passAuthorization: true, keys: [] });
    expect((await change("PUT", `/admin/upstreams/${row?.ID}`, { SK: key, Endpoint: endpoint })).status).toBe(
      200,
    );
    expect((await list())[1]?.SK).toBe("…abcd");
  });

  it.each([
    ["without a key", { Endpoint: endpoint }],
    ["with an empty key", { SK: "", Endpoint: endpoint }],
    ["with blanks for a key", { SK: "  ", Endpoint: endpoint }],
    ["without an endpoint", { SK: key }],
    ["with an empty endpoint", { SK: key, Endpoint: "" }],
    ["with null", { SK: null, Endpoint: null }],
    ["without anything", {}],
    ["without a body", undefined],
  ])("answers 403 %s", async (_name, body) => {
    expect(await change("POST", "/admin/upstreams", body)).toEqual({
      status: 403,
      body: { error: "can't create new OPENAI_UPSTREAM with empty sk or endpoint" },
    });
    expect(await list()).toHaveLength(1);
  });

  it("answers 403 for what is there already", async () => {
    await add(key, endpoint);
    expect(await add(key, endpoint)).toEqual({
      status: 403,
      body: { error: "The same endpoint with the same key is there already: api.example." },
    });
    expect((await add(`${key}-2`, endpoint)).status).toBe(200);
    expect(await list()).toHaveLength(3);
  });

  it.each([
    ["that is no JSON", "{"],
    ["with a number for a key", { SK: 5, Endpoint: endpoint }],
    ["with a key that no header can carry", { SK: "a key", Endpoint: endpoint }],
    ["with a key as only we would show it", { SK: "…abcd", Endpoint: endpoint }],
    ["with an endpoint that is none", { SK: key, Endpoint: "nowhere" }],
    ["with a password in the endpoint", { SK: key, Endpoint: "https://a:b@api.example" }],
    ["with a file for an endpoint", { SK: key, Endpoint: "file:///etc/passwd" }],
  ])("answers 400 and a sentence to a body %s", async (_name, body) => {
    expect(await change("POST", "/admin/upstreams", body)).toEqual({
      status: 400,
      body: { error: expect.stringMatching(/./) },
    });
    expect(await list()).toHaveLength(1);
  });
});

describe("PUT /admin/upstreams/:id", () => {
  it("changes key and endpoint", async () => {
    await add(key, endpoint);
    const id = (await list())[1]?.ID ?? 0;
    const answer = await change("PUT", `/admin/upstreams/${id}`, {
      SK: "sk-another-key-000-wxyz",
      Endpoint: "http://moved.example",
    });
    expect(answer).toEqual({ status: 200, body: succeeded });
    expect((await list())[1]).toMatchObject({ ID: id, SK: "…wxyz", Endpoint: "http://moved.example" });
    expect(await open(id)).toEqual([["sk-another-key-000-wxyz"], "http://moved.example"]);
  });

  it("leaves the key alone that is written as it is shown", async () => {
    await add(key, endpoint);
    const [, row] = await list();
    expect(
      (await change("PUT", `/admin/upstreams/${row?.ID}`, { ...row, Endpoint: "http://moved.example" }))
        .status,
    ).toBe(200);
    expect(await open(row?.ID ?? 0)).toEqual([[key], "http://moved.example"]);
    const wrong = await change("PUT", `/admin/upstreams/${row?.ID}`, { SK: "…wxyz", Endpoint: endpoint });
    expect(wrong.status).toBe(400);
    expect(await open(row?.ID ?? 0)).toEqual([[key], "http://moved.example"]);
  });

  it("leaves several keys alone, and the lack of any, written as they are shown", async () => {
    const { upstreams } = backend.server.backend.services;
    await upstreams.add({ name: "several", endpoint, keys: ["first-key-is-1111", "second-key-is-2222"] });
    await upstreams.add({ name: "keyless", endpoint });
    const rows = (await list()).slice(1);
    expect(rows.map(({ SK }) => SK)).toEqual(["…1111,…2222", "none"]);
    for (const row of rows) {
      expect((await change("PUT", `/admin/upstreams/${row.ID}`, row)).status).toBe(200);
    }
    expect((await open(rows[0]?.ID ?? 0))[0]).toEqual(["first-key-is-1111", "second-key-is-2222"]);
    expect((await open(rows[1]?.ID ?? 0))[0]).toEqual([]);
  });

  it("answers 403 for an empty key or endpoint, and changes nothing", async () => {
    const [before] = await list();
    for (const body of [{ SK: "", Endpoint: endpoint }, { SK: key, Endpoint: "" }, {}]) {
      expect((await change("PUT", "/admin/upstreams/1", body)).status).toBe(403);
    }
    expect((await list())[0]).toEqual(before);
  });
});

describe("DELETE /admin/upstreams/:id", () => {
  it("removes it at once, and gives its number to nobody", async () => {
    await add(key, endpoint);
    const id = (await list())[1]?.ID ?? 0;
    expect(await change("DELETE", `/admin/upstreams/${id}`)).toEqual({ status: 200, body: succeeded });
    expect(await list()).toHaveLength(1);
    await add(key, endpoint);
    expect((await list())[1]?.ID).toBeGreaterThan(id);
  });
});

it.each(["0", "999", "-1", "1.0", "01", "x", "%00", "1e0", "99999999999999999999"])(
  "answers 404 to what is no number of an upstream: %s",
  async (id) => {
    const absent = { status: 404, body: { error: "There is no such upstream." } };
    expect(await change("PUT", `/admin/upstreams/${id}`, { SK: key, Endpoint: endpoint })).toEqual(absent);
    expect(await change("DELETE", `/admin/upstreams/${id}`)).toEqual(absent);
  },
);
