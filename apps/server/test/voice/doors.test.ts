import { operator } from "@llm-backend/server";
import { answerAsAsked, fail } from "@llm-backend/testing";
import { describe, expect, it } from "vitest";
import { callerToken } from "../openai/openai-stage.ts";
import { askAudio } from "./audio-stage.ts";
import { shareStage } from "./share-stage.ts";
import { engineWords, readRecords } from "./voice-stage.ts";

const useStage = shareStage();
const all = ["", "/rag", "/audio"].flatMap((face) =>
  ["", "/v1"].map((prefix) => `${prefix}${face}/chat/completions`),
);
const whole = { stream: false, messages: [{ role: "assistant", content: "Hello!" }] };

describe.each(all)("%s", (path) => {
  it("answers what a browser asks before it calls", async () => {
    const stage = useStage();
    const response = await fetch(`${stage.backend.url}${path}`, {
      method: "OPTIONS",
      headers: {
        origin: "https://app.example",
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,x-of-mine",
      },
    });
    expect([response.status, await response.text()]).toEqual([204, ""]);
    expect(response.headers.get("access-control-allow-origin")).toBe("*");
    expect(response.headers.get("access-control-allow-methods")).toContain("POST");
    expect(response.headers.get("access-control-allow-headers")).toContain("x-of-mine");
  });

  it("may be read by a page of another place, whatever it answers", async () => {
    const stage = useStage();
    const ask = (body: string, token = callerToken) =>
      fetch(`${stage.backend.url}${path}`, {
        method: "POST",
        headers: { authorization: `Bearer ${token}`, origin: "https://app.example" },
        body,
      });
    const spoken = JSON.stringify({ ...engineWords, ...whole, stream: true });
    const answers = [await ask(spoken), await ask("{"), await ask(spoken, "nobody")];
    // What is no JSON is no engine's: under /v1 it is for an upstream to say so.
    const broken = path === "/v1/chat/completions" ? 200 : 400;
    expect(answers.map(({ status }) => status)).toEqual([200, broken, 403]);
    for (const { headers } of answers) expect(headers.get("access-control-allow-origin")).toBe("*");
    await Promise.all(answers.map((response) => response.text()));
  });

  it("is the same with a slash behind it, and with a query", async () => {
    const stage = useStage();
    const messages = [{ role: "assistant", content: "Hello!" }];
    for (const end of ["/", "?a=b", "/?a=b"]) {
      const heard = await stage.ask(`${path}${end}`, { ...engineWords, messages });
      expect([heard.status, heard.dones]).toEqual([200, 1]);
    }
    expect(stage.calls()).toHaveLength(0);
  });
});

describe.each(all.filter((path) => !path.startsWith("/v1/chat")))("%s", (path) => {
  it("takes POST alone, and says so without a body to HEAD", async () => {
    const stage = useStage();
    for (const method of ["GET", "PUT", "DELETE"]) {
      const heard = await stage.ask(path, {}, { method });
      expect([heard.status, heard.json]).toMatchObject([405, { error: { code: "method_not_allowed" } }]);
    }
    const headers = { authorization: `Bearer ${callerToken}` };
    const head = await fetch(`${stage.backend.url}${path}`, { method: "HEAD", headers });
    expect([head.status, await head.text()]).toEqual([405, ""]);
  });

  it.each([
    ["messages", { messages: undefined }],
    ["messages", { messages: [] }],
    ["messages[1]", { messages: [{ role: "user", content: "Hi" }, 5] }],
    ["knowledge_base", { knowledge_base: 7 }],
  ])("names the field %s that is wrong", async (param, fields) => {
    const stage = useStage();
    const heard = await stage.ask(path, fields);
    expect([heard.status, heard.json]).toEqual([
      400,
      {
        error: { message: expect.any(String), type: "invalid_request_error", param, code: "invalid_input" },
      },
    ]);
    expect(stage.calls()).toHaveLength(0);
  });
});

describe.each(all.filter((path) => !/^(\/v1)?\/chat/.test(path)))("%s", (path) => {
  it("is a stream, and refuses to be anything else", async () => {
    const stage = useStage();
    const refused = await stage.ask(path, { ...whole, stream: false });
    expect([refused.status, refused.json]).toMatchObject([400, { error: { param: "stream" } }]);
    for (const stream of [undefined, null, true])
      expect((await stage.ask(path, { ...whole, stream })).dones).toBe(1);
  });
});

it("answers HEAD at the paths that anybody may ask", async () => {
  const { backend } = useStage();
  for (const path of ["/ping", "/"]) {
    const response = await fetch(`${backend.url}${path}`, { method: "HEAD" });
    expect([response.status, await response.text()]).toEqual([200, ""]);
  }
});

it.each(["/v1/nowhere/completions", "/v1/rag/nowhere", "/v1/audio/nowhere"])(
  "leaves %s, which is nobody's, to the upstreams",
  async (path) => {
    const stage = useStage(fail(404, { error: { message: "no such path" } }));
    expect((await stage.ask(path)).status).toBe(404);
  },
);

describe("a call of /v1/chat/completions that is no engine's", () => {
  it.each([
    '{"model":"fake-model","messages":[{"role":"user","content":"context"},{"role":"user","content":"turn_id"}]}',
    '{"model":"fake-model","messages":[{"role":"user","content":"{\\"context\\": {\\"userId\\": 1}, \\"turn_id\\": 2}"}]}',
    '{"model":"fake-model", "metadata":{"turn_id":"7","context":"{}"},"store":true,"messages":[{"role":"user","content":"Hi"}]}',
    '{"model":"fake-model","messages":[{"role":"user","content":"Hi","metadata":{"a":1},"timestamp":5}],"interruptable":true}',
    '{"model":"fake-model","tools":[{"type":"function","function":{"name":"turn_id","parameters":{"type":"object","properties":{"context":{"type":"object"},"turn_id":{}}}}}],"messages":[{"role":"user","content":"Hi"}]}',
    '{"model":"fake-model","messages":[{"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{\\"turn_id\\":1}"}}]},{"role":"tool","tool_call_id":"c","content":"turn_id"}]}',
  ])("reaches the provider byte for byte, and is answered byte for byte: %s", async (body) => {
    const stage = useStage(answerAsAsked("Hello world"));
    const answered = await stage.call("/chat/completions", {
      body,
      headers: { "content-type": "application/json" },
    });
    expect(stage.calls().map(({ bodyText }) => bodyText)).toEqual([body]);
    expect(answered.status).toBe(200);
    expect((await readRecords(stage))[0]?.voice).toBeNull();
  });
});

it("keeps to the limits of a key on all paths together, with status and headers before the stream", async () => {
  const stage = useStage();
  const { secret: token } = await stage.backend.server.backend.services.keys.create(operator, {
    name: "engine",
    requestsPerMinute: 3,
  });
  const first = await stage.ask("/chat/completions", engineWords, { token });
  const second = await stage.ask("/v1/rag/chat/completions", engineWords, { token });
  const third = await askAudio(stage.backend.url, engineWords, { token });
  expect([first, second, third].map(({ status }) => status)).toEqual([200, 200, 200]);
  expect(second.headers.get("x-ratelimit-remaining-requests")).toBe("1");
  for (const path of all) {
    const heard = await stage.ask(path, engineWords, { token });
    expect([heard.status, heard.json]).toMatchObject([429, { error: { code: "rate_limit_exceeded" } }]);
    expect(heard.headers.get("retry-after")).toMatch(/^\d+$/);
  }
  const records = (await readRecords(stage)).slice(0, all.length);
  expect(new Set(records.map(({ status, errorCode }) => `${status} ${errorCode}`))).toEqual(
    new Set(["429 rate_limited"]),
  );
});
