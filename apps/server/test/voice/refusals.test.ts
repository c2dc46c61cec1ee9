import { cut, fail, role, say } from "@llm-backend/testing";
import { describe, expect, it } from "vitest";
import { shareStage } from "./share-stage.ts";
import { engineWords, readRecords } from "./voice-stage.ts";

const useStage = shareStage();
const streams = ["/chat/completions", "/rag/chat/completions", "/v1/rag/chat/completions"] as const;

describe("what goes wrong", () => {
  const refusals: readonly [string, object][] = [
    ["no messages", { messages: undefined }],
    ["an empty list", { messages: [] }],
    ["no list", { messages: "Hi" }],
    ["a message that is none", { messages: ["Hi"] }],
  ];
  it.each(streams.flatMap((path) => refusals.map(([name, fields]) => [path, name, fields] as const)))(
    "%s refuses %s with 400 in OpenAI's form",
    async (path, _name, fields) => {
      const stage = useStage();
      const heard = await stage.ask(path, fields);
      expect(heard.status).toBe(400);
      expect(heard.json).toEqual({
        error: {
          message: expect.any(String),
          type: "invalid_request_error",
          param: expect.stringMatching(/^messages/),
          code: "invalid_input",
        },
      });
      expect(stage.calls()).toHaveLength(0);
    },
  );

  it.each(["{", "", "[]", '{"messages":[{"role":user}]}', "null"])("refuses the body %j", async (body) => {
    const stage = useStage();
    const response = await fetch(`${stage.backend.url}/chat/completions`, {
      method: "POST",
      headers: { authorization: "Bearer token-of-the-caller-4b1d7e", "content-type": "application/json" },
      body,
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { type: "invalid_request_error" } });
    const [record] = await readRecords(stage);
    expect(record).toMatchObject({ status: 400, errorCode: "invalid_input" });
  });

  it.each(["/rag/chat/completions", "/v1/rag/chat/completions"])("%s refuses stream: false", async (path) => {
    const stage = useStage();
    expect((await stage.ask(path, { stream: false })).status).toBe(400);
    expect((await stage.ask(path, { stream: undefined })).text).toBe("Hello world");
  });

  it("answers a failing upstream with a status and an error body", async () => {
    const stage = useStage(fail(500));
    const heard = await stage.ask("/chat/completions", engineWords);
    expect(heard.status).toBe(502);
    expect(heard.json).toMatchObject({ error: { code: "upstream_unavailable" } });
  });

  it("passes a refusal on in the upstream's words", async () => {
    const said = {
      error: { message: "no such voice", type: "invalid_request_error", param: "audio", code: "x" },
    };
    const stage = useStage(fail(400, said));
    const heard = await stage.ask("/chat/completions", engineWords);
    expect([heard.status, heard.json]).toEqual([400, said]);
  });

  it("ends a stream that broke off with an error, and without [DONE]", async () => {
    const stage = useStage({ steps: [role(), say("Hel"), cut()] });
    const heard = await stage.ask("/chat/completions", engineWords);
    expect(heard.status).toBe(200);
    expect(heard.text).toBe("Hel");
    expect(heard.chunks.at(-1)?.error).toMatchObject({ code: "answer_truncated" });
    expect(heard.dones).toBe(0);
  });

  it("keeps strangers out, and says nothing of paths", async () => {
    const stage = useStage();
    for (const path of streams) {
      const heard = await stage.ask(path, {}, { token: "nobody" });
      expect([heard.status, heard.json]).toEqual([
        403,
        {
          error: {
            message: expect.any(String),
            type: "invalid_request_error",
            param: null,
            code: "invalid_api_key",
          },
        },
      ]);
    }
  });

  it("takes POST alone", async () => {
    const stage = useStage();
    const heard = await stage.ask("/chat/completions", {}, { method: "GET" });
    expect([heard.status, heard.json]).toMatchObject([405, { error: { code: "method_not_allowed" } }]);
  });

  it.each(["/nowhere", "/rag/nowhere", "/chat/nowhere", "/audio"])(
    "answers %s with 404 in OpenAI's form",
    async (path) => {
      const stage = useStage();
      const heard = await stage.ask(path);
      expect([heard.status, heard.json]).toEqual([
        404,
        {
          error: {
            message: expect.any(String),
            type: "invalid_request_error",
            param: null,
            code: "not_found",
          },
        },
      ]);
    },
  );
});

it.each([
  { messages: [{ role: "user", content: null }] },
  { messages: [{ role: "user", content: [null, 1, { text: 5 }] }], context: { __proto__: null, userId: {} } },
  {
    messages: [{ role: "user", content: "Hi" }],
    context: null,
    turn_id: null,
    tools: "x",
    tool_choice: 5,
    n: "2",
  },
  { messages: [{ role: "user", content: "\ud800" }], context: { userId: "\u0000", channel: "'\";--" } },
  { messages: [{ role: "assistant", content: [] }], context: { userId: "a" } },
  { messages: [{ role: "tool", content: "x", tool_call_id: "y", turn_id: [] }], stream_options: [] },
])("does not stumble over %j", async (fields) => {
  const stage = useStage();
  const heard = await stage.ask("/rag/chat/completions", fields);
  expect([heard.status, heard.dones]).toEqual([200, 1]);
  await stage.ask("/chat/completions", { ...fields, context: { channel: "x".repeat(100_000) } });
  expect((await stage.ask("/chat/completions")).text).toBe("Hello world");
});
