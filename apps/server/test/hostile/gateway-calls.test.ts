import { operator } from "@llm-backend/server";
import { answerAsAsked, asksForStream, event, page, type Call, type Reply } from "@llm-backend/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  createHostileWorld,
  expectHarmless,
  hostileBodies,
  hostileValues,
  inParallel,
  type HostileWorld,
  type Someone,
} from "./hostile-world.ts";

let world: HostileWorld;
let user: Someone;
let admin: Someone;
/** A key of ours that opens `/v1`. */
let key: string;

beforeAll(async () => {
  world = await createHostileWorld();
  user = await world.addUser();
  admin = await world.addUser("admin");
  const issued = await world.backend.server.backend.services.keys.create(operator, { name: "k" });
  key = issued.secret;
  world.upstream.setReply(answerInKind);
});
afterAll(() => world[Symbol.asyncDispose]());

type Sent = { readonly path: string; readonly body?: string | Buffer; readonly token?: string | undefined };
type Answer = { readonly status: number; readonly text: string };

async function send(method: string, { path, body, token }: Sent): Promise<Answer> {
  const response = await fetch(`${world.backend.url}${path}`, {
    method,
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    ...(body === undefined || method === "GET" ? {} : { body: body as BodyInit }),
  });
  const text = await response.text();
  expectHarmless(text);
  expect(response.status).toBeLessThan(500);
  return { status: response.status, text };
}

const badTokens = () => [undefined, "nonsense", `${key}x`, key.slice(0, -4), "sk-llmb-"];

/** A response, or a completion, as a stream or in one piece: what was asked for. */
function answerInKind(call: Call): Reply {
  if (!call.path.endsWith("/responses")) return answerAsAsked("Hello")(call);
  const output = [{ type: "message", role: "assistant", content: [{ type: "output_text", text: "Hello" }] }];
  const response = { id: "resp_1", object: "response", status: "completed", output };
  if (!asksForStream(call)) return page("application/json", JSON.stringify(response));
  const delta = { type: "response.output_text.delta", delta: "Hello" };
  const completed = { type: "response.completed", response };
  return { steps: [event(delta, delta.type), event(completed, completed.type)] };
}

/** Calls of every kind that `/v1` knows, and what each is asked with. */
const calls: readonly [method: string, path: string, body?: Readonly<Record<string, unknown>>][] = [
  [
    "POST",
    "/v1/chat/completions",
    {
      model: "m",
      messages: [{ role: "user", content: "hi" }],
      stream: false,
      max_tokens: 5,
      n: 1,
      models: ["m2"],
      fallbacks: ["m3"],
      stream_options: { include_usage: true },
      tools: [],
    },
  ],
  ["POST", "/v1/completions", { model: "m", prompt: "hi", stream: false, max_tokens: 5 }],
  ["POST", "/v1/responses", { model: "m", input: "hi", stream: false, max_output_tokens: 5 }],
  ["POST", "/v1/embeddings", { model: "m", input: ["hi"] }],
  ["POST", "/v1/anything/else", { model: "m", x: 1 }],
  ["GET", "/v1/models"],
  ["GET", "/v1/models/m"],
];

describe.each(calls)("%s %s", (method, path, body) => {
  /** What the upstream answers is its own; what this server refuses is in OpenAI's words. */
  const sendIt = async (sent: Partial<Sent>) => {
    const answer = await send(method, { path, token: key, ...sent });
    if (answer.status >= 400) {
      expect(JSON.parse(answer.text)).toMatchObject({
        error: { message: expect.stringMatching(/./), type: expect.any(String) },
      });
    }
    return answer;
  };

  it("refuses strangers, bad tokens and sessions with 403, whatever they send", async () => {
    for (const token of [...badTokens(), user.token, admin.token]) {
      const before = world.upstream.calls.length;
      for (const sent of [body === undefined ? "" : JSON.stringify(body), "{", "[".repeat(10_000)])
        expect((await sendIt({ token, body: sent })).status).toBe(403);
      expect(world.upstream.calls.length).toBe(before);
    }
  });

  it("answers whatever stands in a field with an answer or OpenAI's kind of error", async () => {
    for (const field of Object.keys(body ?? {})) {
      await inParallel(hostileValues, (value) => {
        const fields = Object.entries(body ?? {}).map(([name, given]) =>
          name === field ? `"${name}":${value}` : `"${name}":${JSON.stringify(given)}`,
        );
        return sendIt({ body: `{${fields.join(",")}}` });
      });
    }
  });

  it("answers bodies that are no request with an answer or OpenAI's kind of error", async () => {
    await inParallel(hostileBodies, (hostile) => sendIt({ body: hostile }));
  });
});

describe("paths under /v1", () => {
  it.each([
    "/v1",
    "/v1/",
    "/v1//chat/completions",
    "/v1/../admin/upstreams",
    "/v1/%2e%2e/admin/upstreams",
    "/v1/%00",
    "/v1/%e0%80%80",
    "/v1/chat/completions?key=%00",
    "/v1/__proto__",
    `/v1/${"x".repeat(4000)}`,
    "/v1/@evil.example/",
    "/v1/\\evil.example",
  ])("never lead anywhere but to an upstream, or to a refusal: %s", async (path) => {
    for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE"]) {
      const { text } = await send(method, { path, token: key, body: "{}" });
      expect(text).not.toContain("sk-server-key-of-the-tests");
    }
  });
});

it("has met nothing that it did not know what to do with", async () => {
  expect((await fetch(`${world.backend.url}/readyz`)).status).toBe(200);
  expect(world.backend.logLines.filter((line) => /"level":"(error|fatal)"/.test(line))).toEqual([]);
});
