import { operator } from "@llm-backend/server";
import { answer, completion, createHandDrivenReply, role, say, type Step } from "@llm-backend/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { callerToken } from "../openai/openai-stage.ts";
import { piecewiseToolCall } from "../openai/tool-call-replies.ts";
import { setVoiceStage, type VoiceStage } from "./voice-stage.ts";

type Message = { readonly role: string; readonly content: string };
const user = (content: string): Message => ({ role: "user", content });
const bot = (content: string): Message => ({ role: "assistant", content });
const system: Message = { role: "system", content: "Be brief." };

let stage: VoiceStage;
let keys: readonly string[];
let rooms = 0;
let context: Readonly<Record<string, unknown>>;

beforeAll(async () => {
  stage = await setVoiceStage({ config: { voice: { memory: { turns_max: 3 } } } });
  const { services } = stage.backend.server.backend;
  const make = async () => (await services.keys.create(operator, { name: "engine" })).secret;
  keys = [await make(), await make()];
});
afterAll(() => stage[Symbol.asyncDispose]());
beforeEach(() => {
  rooms++;
  context = { appId: "app", userId: "ann", channel: `room-${rooms}` };
});

/** Asks, and gives what the upstream was asked. */
async function ask(
  messages: readonly Message[],
  given: { reply?: string; context?: object; token?: string; path?: string } = {},
): Promise<readonly Message[]> {
  stage.upstream.setReply(answer(given.reply ?? "Fine."));
  const before = stage.upstream.calls.length;
  const fields = { messages, context: given.context ?? context };
  await stage.ask(given.path ?? "/chat/completions", fields, { token: given.token });
  await stage.backend.server.backend.services.voice.flush();
  return stage.asked()[before]?.messages ?? [];
}

describe("a conversation is remembered", () => {
  it("beyond the engine's window, behind the instructions, each turn once", async () => {
    await ask([system, user("I am Ann.")], { reply: "Hello Ann." });
    await ask([system, user("I am Ann."), bot("Hello Ann."), user("I like tea.")], { reply: "Good." });
    expect(await ask([system, bot("Good."), user("Who am I?")])).toEqual([
      system,
      user("I am Ann."),
      bot("Hello Ann."),
      user("I like tea."),
      bot("Good."),
      user("Who am I?"),
    ]);
  });

  it("without doubling anything that the engine sends again", async () => {
    const history = [user("one"), bot("Fine."), user("two")];
    await ask([user("one")]);
    expect(await ask(history)).toEqual(history);
    expect(await ask([...history, bot("Fi"), user("three")])).toEqual([...history, bot("Fi"), user("three")]);
  });

  it("in a new session too, with its greeting once", async () => {
    await ask([bot("Welcome!")]);
    await ask([bot("Welcome!"), user("one")], { reply: "First." });
    expect(await ask([bot("Welcome!"), user("two")])).toEqual([
      user("one"),
      bot("First."),
      bot("Welcome!"),
      user("two"),
    ]);
  });

  it("for so many turns as the configuration says", async () => {
    for (const name of ["one", "two", "three", "four"]) await ask([user(name)], { reply: `${name}!` });
    expect(await ask([user("five")])).toEqual([
      ...["two", "three", "four"].flatMap((name) => [user(name), bot(`${name}!`)]),
      user("five"),
    ]);
  });

  it("as far as it was said, where it was interrupted", async () => {
    const reply = createHandDrivenReply();
    stage.upstream.setReply(reply.reply);
    const gone = new AbortController();
    const response = await Promise.all([
      fetch(`${stage.backend.url}/chat/completions`, {
        method: "POST",
        headers: { authorization: `Bearer ${callerToken}`, "content-type": "application/json" },
        body: JSON.stringify({ model: "fake-model", stream: true, context, messages: [user("Tell me.")] }),
        signal: gone.signal,
      }),
      Promise.resolve(reply.push(role(), say("Once upon"))),
    ]);
    const reader = (response[0].body as ReadableStream<Uint8Array>).getReader();
    let heard = "";
    while (!heard.includes("Once upon")) heard += Buffer.from((await reader.read()).value ?? []).toString();
    gone.abort();
    await reader.read().catch(() => undefined);
    reply.end();
    // The next question may be here before the end of the one before is noticed.
    expect(await ask([user("Go on!")])).toEqual([user("Tell me."), bot("Once upon"), user("Go on!")]);
    expect(await ask([user("And?")])).toEqual([
      user("Tell me."),
      bot("Once upon"),
      user("Go on!"),
      bot("Fine."),
      user("And?"),
    ]);
  });

  it.each(["Let me look. ", null])(
    "once, where the caller makes a call of a tool between question and answer, and the model said %j",
    async (said) => {
      const tools = [{ type: "function", function: { name: "lookup", parameters: { type: "object" } } }];
      const call = { id: "call_0", type: "function", function: { name: "lookup", arguments: "{}" } };
      const calling = piecewiseToolCall([{ name: "lookup", arguments: "{}" }]);
      const [begin, ...rest] = calling.steps as readonly Step[];
      stage.upstream.setReply({ steps: [begin as Step, say("Let me look. "), ...rest] });
      const question = user("How late is it?");
      await stage.ask("/chat/completions", { messages: [question], context, tools });
      await stage.backend.server.backend.services.voice.flush();
      const found = [
        question,
        { role: "assistant", content: said, tool_calls: [call] },
        { role: "tool", tool_call_id: "call_0", content: "noon" },
      ] as readonly Message[];
      expect(await ask(found, { reply: "It is noon." })).toEqual(found);
      expect(await ask([user("Thanks.")])).toEqual([question, bot("It is noon."), user("Thanks.")]);
    },
  );

  it("where no stream is asked for", async () => {
    stage.upstream.setReply(completion("In one piece."));
    await stage.ask("/chat/completions", { stream: false, context, messages: [user("one")] });
    expect(await ask([user("two")])).toEqual([user("one"), bot("In one piece."), user("two")]);
  });

  it("on all paths together", async () => {
    await ask([user("one")], { path: "/rag/chat/completions" });
    expect(await ask([user("two")], { path: "/v1/chat/completions" })).toEqual([
      user("one"),
      bot("Fine."),
      user("two"),
    ]);
  });
});

describe("nothing is remembered", () => {
  it("across contexts", async () => {
    await ask([user("a secret")]);
    for (const other of [{ userId: "bob" }, { channel: "elsewhere" }, { appId: "other" }])
      expect(await ask([user("hm")], { context: { ...context, ...other } })).toEqual([user("hm")]);
  });

  it("across keys and callers", async () => {
    await ask([user("a secret")], { token: keys[0] as string });
    expect(await ask([user("hm")], { token: keys[1] as string })).toEqual([user("hm")]);
    expect(await ask([user("hm")])).toEqual([user("hm")]);
    expect(await ask([user("hm")], { token: keys[0] as string })).toHaveLength(3);
  });

  it("without a context that names a user or a channel", async () => {
    for (const nameless of [{}, { appId: "app" }, { appId: "app", channel: "", userId: null }]) {
      await ask([user("one")], { context: nameless });
      expect(await ask([user("two")], { context: nameless })).toEqual([user("two")]);
    }
  });

  it("where the configuration says so", async () => {
    await using other = await setVoiceStage({ config: { voice: { memory: { enabled: false } } } });
    for (const name of ["one", "two"])
      await other.ask("/chat/completions", { context, messages: [user(name)] });
    expect(other.asked()[1]?.messages).toEqual([user("two")]);
  });
});
