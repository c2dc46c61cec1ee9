import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { setChatStage, type ChatStage, type StageUser } from "../callers/chat-stage.ts";
import { readBareFrames, readSseEvents, toText } from "../callers/frames.ts";
import { readStatus, sendRaw } from "../callers/raw-request.ts";
import { createConversation, password } from "../callers/rest-caller.ts";

let stage: ChatStage;
let user: StageUser & { conversationId: number };

beforeAll(async () => {
  stage = await setChatStage();
  user = await stage.addConversation();
});
afterAll(() => stage[Symbol.asyncDispose]());

const rawPost = (path: string, given: { headers?: readonly string[]; body: string | Buffer }) => {
  const body = Buffer.from(given.body);
  const head = [
    `POST ${path} HTTP/1.1`,
    "Host: test",
    `Authorization: Bearer ${user.rest.token}`,
    `Content-Length: ${body.length}`,
    "Connection: close",
    ...(given.headers ?? []),
  ];
  return sendRaw(stage.backend.url, Buffer.concat([Buffer.from(`${head.join("\r\n")}\r\n\r\n`), body]));
};

describe("the content type of a body", () => {
  it.each([
    ["none", []],
    ["text/plain", ["Content-Type: text/plain"]],
    ["a form", ["Content-Type: application/x-www-form-urlencoded"]],
    ["multipart", ["Content-Type: multipart/form-data; boundary=x"]],
    ["JSON with a charset", ["Content-Type: application/json; charset=utf-8"]],
    ["JSON of another kind", ["Content-Type: application/vnd.api+json"]],
    ["a word", ["Content-Type: json"]],
    ["nonsense", ["Content-Type: ,;="]],
  ])("does not matter: %s", async (_name, headers) => {
    const body = JSON.stringify({ title: "T", model: "m" });
    const answer = await rawPost("/api/conversations/create", { headers, body });
    expect(readStatus(answer)).toBe(200);
    expect(answer).toContain('"title":"T"');
  });
});

describe("a body", () => {
  it.each([
    ["no JSON", "message"],
    ["cut off", '{"message":"a'],
    ["two values", '{"message":"a"}{}'],
    ["no UTF-8", Buffer.from([0x7b, 0x22, 0x6d, 0xff, 0xfe, 0x22, 0x7d])],
    [
      "UTF-8 of a surrogate",
      Buffer.from([...Buffer.from('{"message":"'), 0xed, 0xa0, 0x80, ...Buffer.from('"}')]),
    ],
    ["a NUL", '{"message":"a\\u0000b"}'],
    ["a lone surrogate", '{"message":"a\\ud83db"}'],
    ["an array", "[]"],
    ["a number", "1e999"],
    ["an empty message", '{"message":""}'],
    ["no message", "{}"],
    ["a message that is a number", '{"message":1}'],
    ["a message that is an object", '{"message":{"a":1}}'],
    ["a message under another name", '{"Message":"a"}'],
    ["a message behind a prototype", '{"__proto__":{"message":"a"}}'],
    ["a message of more than a million characters", JSON.stringify({ message: "x".repeat(1_000_001) })],
  ])("that is %s is answered with 400 and nothing is stored", async (_name, body) => {
    const answer = await rawPost(`/api/chat/${user.conversationId}`, { body });
    expect(readStatus(answer)).toBe(400);
    expect(JSON.parse(answer.split("\r\n\r\n")[1] ?? "")).toEqual({ error: expect.stringMatching(/./) });
    const history = await user.rest.get(`/api/conversations/history/${user.conversationId}`);
    expect(await history.json()).toMatchObject({ messages: [] });
  });

  it.each([10, 31, 100, 10_000, 1_000_000])("nested %i deep never breaks the server", async (depth) => {
    const body = `{"message":"a","x":${"[".repeat(depth)}${"]".repeat(depth)}}`;
    const conversationId = await createConversation(user.rest);
    const answer = await user.rest.post(`/api/chat/${conversationId}`, body);
    await answer.text();
    expect(answer.status).toBe(depth < 32 ? 200 : 400);
  });

  it("may begin with a byte order mark", async () => {
    const answer = await rawPost("/api/conversations/create", { body: '\ufeff{"title":"T","model":"m"}' });
    expect(readStatus(answer)).toBe(200);
  });

  it("of duplicate keys counts by the last of them", async () => {
    const answer = await rawPost("/api/conversations/create", {
      body: '{"title":"A","title":"B","model":"m"}',
    });
    expect(answer).toContain('"title":"B"');
  });
});

describe("a call that takes no body", () => {
  it("does not mind one, whatever it is", async () => {
    for (const body of ["", "no JSON", "{", "a=b", Buffer.from([0xff])]) {
      const conversationId = await createConversation(user.rest);
      const answer = await rawPost(`/api/conversations/del/${conversationId}`, { body });
      expect(readStatus(answer)).toBe(200);
    }
  });
});

describe("the accepted form", () => {
  const bare = "text/event-stream";
  it.each([
    [[], "bare", bare],
    [["Accept: */*"], "bare", bare],
    [["Accept: application/json"], "bare", bare],
    [["Accept: text/html,*/*;q=0.8"], "bare", bare],
    [["Accept: text/event-stream, */*"], "bare", bare],
    [["Accept: nonsense;;;,"], "bare", bare],
    [["Accept: text/event-stream"], "sse", bare],
    [["Accept: TEXT/Event-Stream"], "sse", bare],
    [["Accept: text/event-stream; charset=utf-8"], "sse", bare],
    [["Accept: application/x-ndjson"], "lines", "application/x-ndjson"],
    [["Accept: application/x-ndjson, */*"], "lines", "application/x-ndjson"],
  ])("of %j is %s", async (headers, form, contentType) => {
    const conversationId = await createConversation(user.rest);
    const answer = await rawPost(`/api/chat/${conversationId}`, { headers, body: '{"message":"hi"}' });
    expect(readStatus(answer)).toBe(200);
    expect(answer.toLowerCase()).toContain(`\r\ncontent-type: ${contentType}\r\n`);
    expect(answer.toLowerCase()).toContain("\r\ncache-control: no-cache\r\n");
    const { body } = dechunk(answer);
    const readers = {
      bare: () => readBareFrames(body),
      lines: () =>
        body
          .trimEnd()
          .split("\n")
          .map((line) => JSON.parse(line) as { event: string; data: string }),
      sse: () => readSseEvents(body).map(({ data }) => JSON.parse(data) as { event: string; data: string }),
    };
    const frames = readers[form as keyof typeof readers]();
    expect(toText(frames)).toBe("Hello world");
    expect(frames.slice(-2)).toEqual([
      { event: "done", data: "Stream finished" },
      { event: "full_response", data: "Hello world" },
    ]);
  });
});

describe("the token", () => {
  it.each([
    ["is missing", undefined],
    ["is empty", ""],
    ["stands alone", "TOKEN"],
    ["is another scheme's", "Basic dXNlcjpwYXNz"],
    ["is a Bearer without a token", "Bearer"],
    ["is a Bearer with a blank", "Bearer  "],
    ["is not whole", "Bearer abc"],
    ["has an empty signature", "Bearer e30.e30."],
    ["has more behind it", "Bearer TOKEN more"],
    ["comes with a comma", "Bearer TOKEN, Bearer TOKEN"],
    ["is a megabyte", `Bearer ${"x".repeat(12_000)}`],
  ])("that %s is answered with 401", async (_name, value) => {
    const authorization = value?.replaceAll("TOKEN", user.rest.token ?? "");
    const answer = await fetch(`${stage.backend.url}/api/conversations/list`, {
      headers: authorization === undefined ? {} : { authorization },
    });
    expect(answer.status).toBe(401);
    expect(await answer.json()).toEqual({ error: expect.stringMatching(/./) });
  });

  it("may name its scheme in any case", async () => {
    for (const scheme of ["bearer", "BEARER", "Bearer "]) {
      const answer = await fetch(`${stage.backend.url}/api/conversations/list`, {
        headers: { authorization: `${scheme} ${user.rest.token}` },
      });
      expect(answer.status).toBe(200);
    }
  });

  it("is not taken from the address or the body", async () => {
    const answer = await fetch(`${stage.backend.url}/api/conversations/list?token=${user.rest.token}`);
    expect(answer.status).toBe(401);
  });
});

describe("wrong methods", () => {
  it.each([
    ["GET", "/api/users/login"],
    ["PUT", "/api/users/register"],
    ["DELETE", "/api/conversations/list"],
    ["PATCH", "/api/chat/1"],
    ["POST", "/api/conversations/list"],
  ])("are answered with 404 or 405 in the face's own words: %s %s", async (method, path) => {
    const answer = await user.rest.request(
      method,
      path,
      method === "GET" ? {} : { body: { username: "a", password } },
    );
    expect([404, 405]).toContain(answer.status);
    expect(await answer.json()).toEqual({ error: expect.stringMatching(/./) });
  });
});

function dechunk(answer: string): { body: string } {
  let rest = answer.slice(answer.indexOf("\r\n\r\n") + 4);
  let body = "";
  for (;;) {
    const [size = ""] = rest.split("\r\n", 1);
    const length = Number.parseInt(size, 16);
    if (!(length > 0)) return { body };
    const bytes = Buffer.from(rest.slice(size.length + 2))
      .subarray(0, length)
      .toString();
    body += bytes;
    rest = rest.slice(size.length + 2 + bytes.length + 2);
  }
}
