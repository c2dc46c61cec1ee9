import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openSocket, readStatus, sendRaw } from "../callers/raw-request.ts";
import {
  createHostileWorld,
  expectHarmless,
  nest,
  type HostileWorld,
  type Someone,
} from "./hostile-world.ts";
import { malformedRequests, toBytes } from "./malformed-requests.ts";

let world: HostileWorld;
let someone: Someone;

beforeAll(async () => {
  world = await createHostileWorld();
  someone = await world.addUser();
});
afterAll(() => world[Symbol.asyncDispose]());

const bodyBytesMax = 2_000_000;
const login = "POST /api/users/login HTTP/1.1";

const splitAnswer = (answer: string) => {
  const place = answer.indexOf("\r\n\r\n");
  return { status: readStatus(answer), head: answer.slice(0, place), body: answer.slice(place + 4) };
};

describe("what is no honest request", () => {
  it.each(malformedRequests)("is refused: %s", async (_name, bytes, statuses) => {
    const answer = await sendRaw(world.backend.url, Buffer.from(bytes, "latin1"));
    const { status, body } = splitAnswer(answer);
    expect(statuses).toContain(status);
    expect((answer.match(/HTTP\/1\.1 /g) ?? []).length).toBe(1);
    expectHarmless(body);
    expect(body).not.toContain("statusCode");
  });

  it("takes nothing for a request that hides behind another one's end", async () => {
    const hidden = toBytes(["GET /healthz HTTP/1.1", "Host: a"]);
    const answer = await sendRaw(
      world.backend.url,
      toBytes([login, "Host: a", "Content-Length: 3", "Transfer-Encoding: chunked"], `0\r\n\r\n${hidden}`),
    );
    expect(answer).not.toContain('"status":"ok"');
  });

  it("does not write into an answer that has begun when the caller sends noise behind its request", async () => {
    const socket = await openSocket(world.backend.url);
    const chunks: Buffer[] = [];
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    const closed = once(socket, "close");
    socket.write("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\nnoise\r\n\r\n");
    await closed;
    const answer = Buffer.concat(chunks).toString();
    expect(answer.startsWith("HTTP/1.1 200 OK") || answer.startsWith("HTTP/1.1 400 ")).toBe(true);
  });
});

describe("a body over the limit", () => {
  const faces = [
    ["/api/users/login", '{"error":"The request is too large."}'],
    ["/trpc/auth.login", '"reason":"input_too_large"'],
  ] as const;

  it.each(faces)("is answered with 413 in the words of the face: %s", async (path, words) => {
    const response = await fetch(`${world.backend.url}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: "x".repeat(bodyBytesMax + 1),
    });
    expect(response.status).toBe(413);
    expect(await response.text()).toContain(words);
  });

  it.each(faces)("is refused by what its head says of it, before a byte of it is read: %s", async (path) => {
    const answer = await sendRaw(
      world.backend.url,
      toBytes([
        `POST ${path} HTTP/1.1`,
        "Host: a",
        "Content-Type: application/json",
        "Content-Length: 9000000000",
      ]),
    );
    expect(readStatus(answer)).toBe(413);
  });

  it.each(faces)(
    "is refused where it comes in chunks of which nobody knows the end: %s",
    async (path, words) => {
      const socket = await openSocket(world.backend.url);
      let answer = "";
      socket.on("data", (chunk: Buffer) => (answer += chunk.toString()));
      const closed = new Promise((resolve) => void socket.once("close", resolve));
      socket.write(
        `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`,
      );
      const chunk = `10000\r\n${"x".repeat(0x1_00_00)}\r\n`;
      let sent = 0;
      while (!socket.destroyed && answer === "" && sent < 64) {
        sent++;
        if (!socket.write(chunk)) {
          await Promise.race([closed, new Promise((resolve) => void socket.once("drain", resolve))]);
        }
      }
      socket.end();
      await closed;
      expect(readStatus(answer)).toBe(413);
      expect(answer).toContain(words);
    },
  );

  it("that is shorter than its head says is given up when the caller closes", async () => {
    const socket = await openSocket(world.backend.url);
    socket.write(toBytes([login, "Host: a", "Content-Length: 500"], '{"username":'));
    socket.end();
    await once(socket.resume(), "close");
    expect((await fetch(`${world.backend.url}/healthz`)).status).toBe(200);
  });
});

describe("a body of any depth", () => {
  it.each([10, 100, 1000, 10_000, 100_000, 300_000, 900_000])("%i never breaks a face", async (depth) => {
    for (const body of nest(depth).filter((text) => text.length < bodyBytesMax)) {
      for (const path of ["/trpc/conversation.create", "/api/conversations/create"]) {
        const response = await fetch(`${world.backend.url}${path}`, {
          method: "POST",
          headers: { "content-type": "application/json", authorization: `Bearer ${someone.token}` },
          body,
        });
        expect([path, response.status]).toEqual([path, 400]);
        expectHarmless(await response.text());
      }
    }
  });
});

describe("many calls in one request", () => {
  const post = async (path: string, body = "{}") => {
    const response = await fetch(`${world.backend.url}/trpc/${path}?batch=1`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${someone.token}` },
      body,
    });
    const text = await response.text();
    expectHarmless(text);
    return { status: response.status, text, contentType: response.headers.get("content-type") };
  };

  it("are taken up to ten", async () => {
    const answer = await post(Array.from({ length: 10 }, () => "model.list").join(","));
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.text)).toHaveLength(10);
  });

  it("are refused beyond that", async () => {
    for (const count of [11, 500]) {
      const answer = await post(Array.from({ length: count }, () => "model.list").join(","));
      expect(answer.status).toBe(400);
      expect(answer.contentType).toBe("application/json");
    }
  });

  it("are refused where one of them is about a login", async () => {
    for (const paths of [
      "auth.login,auth.login",
      "model.list,auth.login",
      "auth.register,model.list",
      "auth.me,auth.refresh",
    ]) {
      const answer = await post(paths, '{"0":{"json":{}},"1":{"json":{}}}');
      expect([paths, answer.status]).toEqual([paths, 400]);
    }
  });

  it("are refused where one of them is a stream", async () => {
    expect((await post("chat.follow,chat.follow")).status).toBe(400);
  });
});

describe("a change by GET", () => {
  it("is refused with 405", async () => {
    for (const path of ["conversation.create", "auth.login", "auth.logout", "chat.send", "chat.stop"]) {
      const response = await fetch(`${world.backend.url}/trpc/${path}?input=%7B%22json%22%3A%7B%7D%7D`, {
        headers: { authorization: `Bearer ${someone.token}` },
      });
      expect([path, response.status]).toEqual([path, 405]);
      expect(await response.json()).toMatchObject({
        error: { json: { data: { reason: "method_not_allowed" } } },
      });
    }
  });
});

describe("the typed face", () => {
  it.each([
    ["POST", "/trpc", 404],
    ["POST", "/trpc/", 404],
    ["POST", "/trpc/a/b", 404],
    ["POST", "/trpc/nothing.here", 404],
    ["POST", "/trpc/__proto__", 404],
    ["POST", "/trpc/constructor.prototype", 404],
    ["POST", "/trpc/%zz", 400],
    ["GET", "/trpc/conversation.list?input=%7B", 400],
    ["GET", "/trpc/auth.me?connectionParams=x", 400],
  ])("answers %s %s in its own words", async (method, path, status) => {
    const response = await fetch(`${world.backend.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${someone.token}` },
      ...(method === "POST" ? { headers: { "content-type": "application/json" }, body: "{}" } : {}),
    });
    expect(response.status).toBe(status);
    expect(response.headers.get("content-type")).toMatch(/^application\/json/);
    expect(await response.json()).toMatchObject({
      error: {
        json: { message: expect.any(String), code: expect.any(Number), data: { httpStatus: status } },
      },
    });
  });

  it.each([
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/octet-stream",
    "nonsense;,=",
  ])("reads no body of the type %s", async (contentType) => {
    const response = await fetch(`${world.backend.url}/trpc/conversation.create`, {
      method: "POST",
      headers: { authorization: `Bearer ${someone.token}`, "content-type": contentType },
      body: '{"json":{"title":"T","model":"m"}}',
    });
    expect(response.status).toBe(415);
    expect(await response.json()).toMatchObject({
      error: { json: { data: { reason: "unsupported_media_type" } } },
    });
  });

  it("refuses a body that is no UTF-8, and does not store other characters in its place", async () => {
    const body = Buffer.concat([
      Buffer.from('{"json":{"title":"'),
      Buffer.from([0xff]),
      Buffer.from('","model":"m"}}'),
    ]);
    const response = await fetch(`${world.backend.url}/trpc/conversation.create`, {
      method: "POST",
      headers: { authorization: `Bearer ${someone.token}`, "content-type": "application/json" },
      body,
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      error: { json: { message: "The body is not valid UTF-8." } },
    });
  });
});

it("has met nothing that it did not know what to do with", () => {
  expect(world.backend.logLines.filter((line) => /"level":"(error|fatal)"/.test(line))).toEqual([]);
});
