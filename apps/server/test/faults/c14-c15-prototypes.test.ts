import { execFileSync } from "node:child_process";
import { answerAsAsked, page, sourceArguments, sourceEnvironment } from "@llm-backend/testing";
import { describe, expect, it } from "vitest";
import { readStatus, sendRaw } from "../callers/raw-request.ts";
import { expectHarmless } from "../hostile/hostile-world.ts";
import { procedurePlans } from "../hostile/procedure-plans.ts";
import { setClientStage, type ClientStage } from "./client-stage.ts";
import { callerToken } from "./v1-caller.ts";

/** Ways to name a prototype, as a field with its value. */
const namings = [
  '"__proto__":{"polluted":true}',
  '"constructor":{"prototype":{"polluted":true}}',
  '"__proto__.polluted":true',
  '"constructor.prototype.polluted":true',
  '"\\u005f\\u005fproto\\u005f\\u005f":{"polluted":true}',
  '"a":{"__proto__":{"polluted":true}}',
  '"prototype":{"polluted":true}',
];

const queries = [
  "__proto__[polluted]=true",
  "__proto__.polluted=true",
  "constructor[prototype][polluted]=true",
  "a[__proto__][polluted]=true",
];

type Sent = {
  readonly path: string;
  readonly body?: string;
  readonly type?: string;
  readonly method?: string;
};

/** Sends something; whatever it was, no prototype has anything new, and nothing is told. */
async function send(stage: ClientStage, token: string | undefined, sent: Sent): Promise<Response> {
  const { path, body, type = "application/json", method = "POST" } = sent;
  const response = await fetch(`${stage.backend.url}${path}`, {
    method,
    headers: {
      "content-type": type,
      authorization: `Bearer ${path.startsWith("/v1") ? callerToken : token}`,
    },
    ...(body !== undefined && { body }),
  });
  expect(response.status, `${path} ${body}`).toBeLessThan(500);
  expectHarmless(await response.text());
  expect(Object.keys(Object.prototype)).toEqual([]);
  return response;
}

describe("C14: somebody names a prototype", () => {
  it(
    "C14: in a body, anywhere, on every procedure and face: it reaches none",
    { timeout: 120_000 },
    async () => {
      await using stage = await setClientStage({
        reply: answerAsAsked("Hello"),
      });
      const { rest } = await stage.addUser();
      const paths = Object.keys(procedurePlans).filter(
        (path) => !/^auth\.logout|removeAll|delete/.test(path),
      );
      for (const naming of namings) {
        for (const path of paths) {
          await send(stage, rest.token, { path: `/trpc/${path}`, body: `{"json":{${naming}}}` });
        }
        for (const body of [
          `{${naming}}`,
          `{"json":{},${naming}}`,
          `{"json":{},"meta":{"values":{${naming}}}}`,
        ]) {
          for (const path of ["/trpc/conversation.create", "/api/conversations/create", "/api/users/login"])
            expect((await send(stage, rest.token, { path, body })).ok).toBe(false);
        }
        await send(stage, rest.token, {
          path: "/v1/chat/completions",
          body: `{"model":"fake-model","messages":[],${naming}}`,
        });
      }
      await stage.judge();
    },
  );

  it("C14: in the query, in a form, and as the name of a header", async () => {
    await using stage = await setClientStage({ reply: page("application/json", '{"id":"file-1"}') });
    const { rest } = await stage.addUser();
    for (const query of queries) {
      for (const path of ["/api/conversations/list", "/trpc/model.list", "/v1/models"])
        await send(stage, rest.token, { path: `${path}?${query}`, method: "GET" });
    }
    const part = 'Content-Disposition: form-data; name="__proto__[polluted]"; filename="__proto__"';
    const form = `--x\r\n${part}\r\n\r\ntrue\r\n--x--\r\n`;
    await send(stage, rest.token, { path: "/v1/files", body: form, type: "multipart/form-data; boundary=x" });
    for (const path of ["/healthz", "/api/conversations/list", "/trpc/model.list", "/v1/models"]) {
      const answer = await sendRaw(
        stage.backend.url,
        `GET ${path} HTTP/1.1\r\nHost: a\r\n__proto__: x\r\nConnection: close\r\n\r\n`,
      );
      expect([path, readStatus(answer)]).toEqual([path, 400]);
    }
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
    await stage.judge();
  });

  it("C14: the program has no accessor of prototypes, however it is started", () => {
    const tell = 'process.on("exit", () => console.log("accessor:", "__proto__" in Object.prototype));';
    const said = execFileSync(
      process.execPath,
      ["--import", `data:text/javascript,${encodeURIComponent(tell)}`, ...sourceArguments, "version"],
      { env: sourceEnvironment, encoding: "utf8" },
    );
    expect(said).toContain("accessor: false");
  });
});

describe("C15: a body is of another kind than it says, or of none", () => {
  const types = [
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "multipart/form-data",
    "application/octet-stream",
    "application/json; charset=utf-16",
    "application/xml",
    "nonsense;,=",
    "",
  ];

  it("C15: the typed face takes JSON only; the REST face looks at the body alone; neither fails", async () => {
    await using stage = await setClientStage({ reply: page("application/json", "{}") });
    const { rest } = await stage.addUser();
    const fields = '{"title":"T","model":"m"}';
    for (const type of types) {
      for (const body of [fields, `{"json":${fields}}`, "a=b", "--x\r\nbroken", "\u0000"]) {
        const typed = await send(stage, rest.token, { path: "/trpc/conversation.create", body, type });
        const byBody = body.startsWith('{"json"') ? 200 : 400;
        const expected = type.startsWith("application/json") ? byBody : 415;
        expect([type, body, typed.status]).toEqual([type, body, expected]);
        const overRest = await send(stage, rest.token, { path: "/api/conversations/create", body, type });
        expect([type, body, overRest.status]).toEqual([type, body, body === fields ? 200 : 400]);
        await send(stage, rest.token, { path: "/v1/chat/completions", body, type });
      }
    }
    await stage.judge();
  });

  it("C15: no form of another site does anything: nothing is known of a caller but a token", async () => {
    await using stage = await setClientStage();
    const { rest } = await stage.addUser();
    const login = await rest.post("/api/users/login", { username: "nobody", password: "none of theirs" });
    expect(login.headers.get("set-cookie")).toBeNull();
    for (const path of ["/api/conversations/create", "/trpc/conversation.create", "/v1/chat/completions"]) {
      for (const type of types.slice(0, 4)) {
        const answered = await fetch(`${stage.backend.url}${path}`, {
          method: "POST",
          headers: { "content-type": type, cookie: `token=${rest.token}`, origin: "https://evil.example" },
          body: '{"json":{"title":"T","model":"m"},"title":"T","model":"m"}',
        });
        expect([path, type, answered.ok]).toEqual([path, type, false]);
        expect([401, 403, 415]).toContain(answered.status);
        expect(answered.headers.get("access-control-allow-credentials")).toBeNull();
      }
    }
    await stage.judge();
  });
});
