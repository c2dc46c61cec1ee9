import {
  answer,
  createFakeUpstream,
  createHandDrivenReply,
  createPacedUpstream,
  finish,
  page,
  role,
  say,
  think,
} from "@llm-backend/testing/fake-upstream";
import { expect, test } from "vitest";
import { ask, openGateway, startAsking, toUpstream } from "./ask-gateway.ts";

test("passes an answer on, and says how it ended", async () => {
  await using upstream = await createFakeUpstream({ reply: answer(["Ru", "st"]) });
  await using under = openGateway([toUpstream(upstream, { name: "main" })]);
  const { text, outcome } = await ask(under.gateway, { model: "gpt-x" });
  expect(text).toBe("Rust");
  expect(outcome).toEqual({
    finishReason: "stop",
    model: "gpt-x",
    upstream: "main",
    usage: { promptTokens: 11, completionTokens: 7 },
    toolCalls: [],
  });
});

test("keeps reasoning apart from the answer, under both of its names", async () => {
  await using upstream = await createFakeUpstream({
    reply: {
      steps: [role(), think(["Let ", "me "]), think("see", "reasoning"), say(["It", " is"]), finish()],
    },
  });
  await using under = openGateway([upstream]);
  const { text, reasoning, batches } = await ask(under.gateway);
  expect(reasoning).toBe("Let me see");
  expect(text).toBe("It is");
  expect(batches.flat().map(({ type }) => type)).toContain("reasoning-delta");
});

test("hands on everything that one read brought as one list, neighbours of one kind joined", async () => {
  const hand = createHandDrivenReply();
  await using upstream = await createFakeUpstream({ reply: hand.reply });
  await using under = openGateway([upstream]);
  const asking = startAsking(under.gateway);
  hand.push(think(["a", "b"]));
  hand.push(say(["1", "2", "3"]));
  await asking.untilText("123");
  hand.push(say(Array.from({ length: 50 }, () => "x")));
  await asking.untilText(`123${"x".repeat(50)}`);
  hand.push(finish());
  hand.end();
  const { batches } = await asking.done;
  expect(batches.at(-1)).toEqual([{ type: "text-delta", text: "x".repeat(50) }]);
  expect(batches.length).toBeLessThanOrEqual(3);
});

test("joins what a server sent in many chunks and one write", async () => {
  await using upstream = await createPacedUpstream({ tokens: 200 });
  await using under = openGateway([upstream.url]);
  const { text, batches } = await ask(under.gateway);
  expect(text).toBe(upstream.text);
  expect(batches.length).toBeLessThan(5);
});

test("passes on each read at once", async () => {
  const hand = createHandDrivenReply();
  await using upstream = await createFakeUpstream({ reply: hand.reply });
  await using under = openGateway([upstream]);
  const asking = startAsking(under.gateway);
  let so = "";
  for (const piece of ["one ", "two ", "three"]) {
    hand.push(say(piece));
    so += piece;
    await asking.untilText(so);
  }
  hand.push(finish());
  hand.end();
  expect((await asking.done).batches).toHaveLength(3);
});

test("asks with the upstream's key, for a stream with usage, and with no header but its own", async () => {
  await using upstream = await createFakeUpstream();
  await using under = openGateway([toUpstream(upstream, { keys: ["sk-own-key-of-upstream"] })]);
  await ask(under.gateway, {
    messages: [
      { role: "system", content: "Be \ud83d\ude00" },
      { role: "user", content: 'say "hi"\n' },
    ],
    parameters: { temperature: 0.5, stream: false, model: "other", messages: [], stream_options: { x: 1 } },
  });
  const [call] = upstream.calls;
  expect(call?.path).toBe("/v1/chat/completions");
  expect(call?.body).toEqual({
    temperature: 0.5,
    model: "fake-model",
    messages: [
      { role: "system", content: "Be \ud83d\ude00" },
      { role: "user", content: 'say "hi"\n' },
    ],
    stream: true,
    stream_options: { include_usage: true },
  });
  const { "content-length": _, host: __, ...headers } = call?.headers ?? {};
  expect(headers).toEqual({
    accept: "text/event-stream, application/json",
    "accept-encoding": "identity",
    authorization: "Bearer sk-own-key-of-upstream",
    connection: "keep-alive",
    "content-type": "application/json",
    "user-agent": "llm-backend",
  });
});

test("sends no authorization to an upstream without a key", async () => {
  await using upstream = await createFakeUpstream();
  await using under = openGateway([toUpstream(upstream, { keys: [] })]);
  await ask(under.gateway);
  expect(upstream.calls[0]?.headers).not.toHaveProperty("authorization");
});

test("calls a model what the upstream calls it", async () => {
  await using upstream = await createFakeUpstream();
  await using under = openGateway([toUpstream(upstream, { aliases: { fast: "vendor/fast-1" } })]);
  const { outcome } = await ask(under.gateway, { model: "fast" });
  expect(upstream.calls[0]?.body).toMatchObject({ model: "vendor/fast-1" });
  expect(outcome?.model).toBe("vendor/fast-1");
});

test("U29: converts a completion in one piece that answers a question for a stream", async () => {
  const completion = {
    object: "chat.completion",
    model: "whole-1",
    choices: [{ message: { content: "All at once", reasoning_content: "hm" }, finish_reason: "length" }],
    usage: { prompt_tokens: 1, completion_tokens: 2 },
  };
  await using upstream = await createFakeUpstream({
    reply: page("application/json", JSON.stringify(completion)),
  });
  await using under = openGateway([upstream]);
  const { text, reasoning, outcome } = await ask(under.gateway);
  expect([reasoning, text]).toEqual(["hm", "All at once"]);
  expect(outcome).toMatchObject({
    finishReason: "length",
    model: "whole-1",
    usage: { promptTokens: 1, completionTokens: 2 },
  });
});

test("asks once more without stream_options where they are refused, and remembers", async () => {
  await using upstream = await createFakeUpstream({
    reply: (call) =>
      (call.body as object) && "stream_options" in (call.body as object)
        ? page("application/json", '{"message":"unknown field: stream_options"}', 400)
        : answer("fine"),
  });
  await using under = openGateway([upstream]);
  expect((await ask(under.gateway)).text).toBe("fine");
  expect((await ask(under.gateway)).text).toBe("fine");
  expect(upstream.calls.map((call) => "stream_options" in (call.body as object))).toEqual([
    true,
    false,
    false,
  ]);
  expect(under.reports.map(({ outcome }) => outcome)).toEqual(["rejected", "done", "done"]);
});

test("has an answer without content when that is how it finished", async () => {
  await using upstream = await createFakeUpstream({
    reply: { steps: [role(), finish({ reason: "content_filter" })] },
  });
  await using under = openGateway([upstream]);
  const { text, outcome, batches } = await ask(under.gateway);
  expect([text, batches, outcome?.finishReason]).toEqual(["", [], "content_filter"]);
});

test("lists the models that upstreams name, with all upstreams that serve them in order", async () => {
  await using under = openGateway([
    toUpstream("http://a.test", { name: "a", models: ["one", "gpt-*"], aliases: { fast: "one" } }),
    toUpstream("http://b.test", { name: "b" }),
    toUpstream("http://c.test", { name: "c", models: ["gpt-5", "one"] }),
  ]);
  expect(under.gateway.models()).toEqual([
    { model: "fast", upstreams: ["a", "b"] },
    { model: "one", upstreams: ["a", "b", "c"] },
    { model: "gpt-5", upstreams: ["a", "b", "c"] },
  ]);
});

test("asks the new upstreams after a replacement, while a running answer finishes where it is", async () => {
  const hand = createHandDrivenReply();
  await using first = await createFakeUpstream({ reply: hand.reply });
  await using second = await createFakeUpstream({ reply: answer("new") });
  await using under = openGateway([first]);
  const running = startAsking(under.gateway);
  hand.push(say("old"));
  await running.untilText("old");
  under.gateway.replaceUpstreams([toUpstream(second)]);
  expect((await ask(under.gateway)).text).toBe("new");
  hand.push(finish());
  hand.end();
  expect((await running.done).text).toBe("old");
});

test("says that a model nobody serves is not found", async () => {
  await using under = openGateway([toUpstream("http://a.test", { models: ["one"] })]);
  const { error } = await ask(under.gateway, { model: "two" });
  expect(error).toMatchObject({ code: "model_not_found", message: "No upstream serves the model “two”." });
});
