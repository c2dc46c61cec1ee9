import { createFakeUpstream, fail, reset, role, say as speak, wait } from "@llm-backend/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { StageUser } from "../callers/chat-stage.ts";
import { newRequestId, type Started } from "../chat/read-run.ts";
import {
  calling,
  done,
  follow,
  listTools,
  ofType,
  program,
  prompts,
  setToolStage,
  type ToolStage,
} from "./tool-stage.ts";

const servers = { box: program({ permission: "always" }) };
let stage: ToolStage;
let user: StageUser;
let first: number;

beforeAll(async () => {
  stage = await setToolStage({ servers });
  user = await stage.addUser();
  await listTools(user);
});
afterAll(() => stage[Symbol.asyncDispose]());
beforeEach(() => {
  first = stage.upstream.calls.length;
});

const asked = () => prompts(stage).slice(first);

/** Asks a model in a new conversation with tools, and follows the answer to its end. */
async function ask(model: string) {
  const conversationId = await stage.openConversation(user);
  await user.trpc.mutate("conversation.update", { conversationId, model });
  const input = { conversationId, requestId: newRequestId(), message: "Go!" };
  const { runId } = await user.trpc.mutate<Started>("chat.send", input);
  return follow(user, runId);
}

describe("an upstream that takes no tools", () => {
  it.each([
    [400, { error: { message: "registry.ollama.ai/library/gemma:latest does not support tools" } }],
    [400, { error: { message: "tools not supported" } }],
    [400, { error: { message: "Unsupported parameter: 'tools' is not supported with this model." } }],
    [400, { error: { message: "Unrecognized request argument supplied: tools" } }],
    [400, { error: { message: "`tool calling` is not supported with this model" } }],
    [400, { error: { message: "deepseek-reasoner does not support Function Calling" } }],
    [
      400,
      {
        object: "error",
        message: '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser',
      },
    ],
    [400, { error: { message: "Function calling is not enabled for this model" } }],
    [404, { error: { message: "No endpoints found that support tool use.", code: 404 } }],
    [
      422,
      {
        detail: [{ type: "extra_forbidden", loc: ["body", "tools"], msg: "Extra inputs are not permitted" }],
      },
    ],
    [500, { error: { code: 500, message: "tools param requires --jinja flag", type: "server_error" } }],
  ])("answers without them, and is not asked with them again: %i %j", async (status, body) => {
    const model = `plain ${JSON.stringify(body).slice(0, 80)}`;
    stage.upstream.enqueue(fail(status, body), done, done);
    for (const _ of [1, 2]) expect((await ask(model)).at(-1)?.type).toBe("run-done");
    expect(asked().map(({ tools }) => tools !== undefined)).toEqual([true, false, false]);
  });

  it.each([
    "Invalid schema for function 'box__echo': schema must have type 'object'",
    "Invalid 'tools[0].function.name': string does not match pattern",
    "tool_choice is not supported",
    "Invalid 'tools': array too long. Expected an array with maximum length 128",
    "The tool call box__echo is not supported by its arguments",
  ])("is not what refuses these tools, or something else: %s", async (message) => {
    stage.upstream.enqueue(fail(400, { error: { message } }));
    const events = await ask(`picky ${message.slice(0, 30)}`);
    expect(events.at(-1)?.type).toBe("run-error");
    expect(asked()).toHaveLength(1);
  });

  it("is told in words what was called, when it takes over in the middle", async () => {
    await using cleanup = new AsyncDisposableStack();
    const other = cleanup.use(await createFakeUpstream());
    const calls = cleanup.use(await createFakeUpstream());
    const gateway = { retry: { budget_min: 100 } };
    const stand = cleanup.use(
      await setToolStage({ servers }, { upstreams: [calls.url, other.url], gateway }),
    );
    const asker = await stand.addUser();
    await listTools(asker);
    calls.enqueue(calling(["box__echo", { text: "hi" }]), { steps: [role(), speak("Hm"), wait(5), reset()] });
    other.enqueue(fail(400, { error: { message: "This model does not support tools" } }), done);
    const conversationId = await stand.openConversation(asker);
    const input = { conversationId, requestId: newRequestId(), message: "Go!" };
    const { runId } = await asker.trpc.mutate<Started>("chat.send", input);
    const events = await follow(asker, runId);
    expect(events.at(-1)?.type).toBe("run-done");
    expect(ofType(events, "tool-result")).toHaveLength(1);
    const [, plain] = other.calls.map(({ body }) => body as { messages: object[]; tools?: object });
    expect(plain?.tools).toBeUndefined();
    expect(plain?.messages.slice(-3)).toEqual([
      { role: "user", content: "Go!" },
      { role: "assistant", content: '[Called box__echo with {"text":"hi"}]' },
      { role: "user", content: "[Result of box__echo]\necho: hi" },
    ]);
  });
});
