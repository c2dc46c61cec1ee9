import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { StageUser } from "../callers/chat-stage.ts";
import {
  ask,
  calling,
  done,
  follow,
  listTools,
  ofType,
  program,
  prompts,
  readAnswer,
  say,
  setToolStage,
  type ToolStage,
} from "./tool-stage.ts";

let stage: ToolStage;
beforeAll(async () => {
  stage = await setToolStage({ servers: { box: program(), shut: program({ permission: "never" }) } });
  await listTools(await stage.addUser());
});
afterAll(() => stage[Symbol.asyncDispose]());

const echo = (text: string) => calling(["box__echo", { text }]);

/** Asks, answers each question for permission with a word, and reads the answer to its end. */
async function run(user: StageUser, word: string | undefined, reply = echo("hi")) {
  const conversationId = await stage.openConversation(user);
  stage.upstream.enqueue(reply, done);
  const { runId } = await ask(user, conversationId);
  const answers: number[] = [];
  const events = await follow(user, runId, async (event) => {
    if (event.type !== "tool-permission" || word === undefined) return;
    const { status } = await say(user, runId, { callId: event.callId, decision: word });
    answers.push(status);
  });
  return { events, answers, runId, conversationId };
}

describe("a tool that asks", () => {
  it("waits for its user, shows that it does, and is called once", async () => {
    const user = await stage.addUser();
    const { events, answers } = await run(user, "once");
    expect(ofType(events, "tool-permission")).toMatchObject([{ name: "box__echo", waitMs: 600_000 }]);
    expect(ofType(events, "tool-result")).toMatchObject([{ ok: true, text: "echo: hi" }]);
    expect(answers).toEqual([200]);
    expect(ofType((await run(user, "once")).events, "tool-permission")).toHaveLength(1);
  });

  it("asks no more after always, also the other calls of the same answer", async () => {
    const user = await stage.addUser();
    const { events, answers } = await run(
      user,
      "always",
      calling(["box__echo", { text: "1" }], ["box__echo", { text: "2" }]),
    );
    expect(ofType(events, "tool-result").map(({ ok }) => ok)).toEqual([true, true]);
    expect(answers[0]).toBe(200);
    expect(ofType((await run(user, undefined)).events, "tool-permission")).toEqual([]);
    expect(await user.trpc.query("tool.listRemembered")).toEqual([
      { name: "box__echo", permission: "always" },
    ]);
  });

  it("tells the model of a call that is declined, and asks again the next time", async () => {
    const user = await stage.addUser();
    const { events } = await run(user, "decline");
    expect(ofType(events, "tool-result")).toMatchObject([{ ok: false, failure: "declined", ms: 0 }]);
    expect(prompts(stage).at(-1)?.messages.at(-1)?.content).toBe("The user declined this call.");
    expect(ofType((await run(user, "once")).events, "tool-permission")).toHaveLength(1);
  });

  it("is not offered any more after never, until that is forgotten", async () => {
    const user = await stage.addUser();
    await run(user, "never");
    await run(user, undefined);
    expect(
      prompts(stage)
        .at(-1)
        ?.tools?.map((tool) => tool.function.name),
    ).not.toContain("box__echo");
    await user.trpc.mutate("tool.setPermission", { name: "box__echo", permission: "ask" });
    expect((await listTools(user)).find(({ name }) => name === "box__echo")?.permission).toBe("ask");
    expect(ofType((await run(user, "once")).events, "tool-permission")).toHaveLength(1);
  });

  it("is nobody else's to decide", async () => {
    const user = await stage.addUser();
    const stranger = await stage.addUser();
    const conversationId = await stage.openConversation(user);
    stage.upstream.enqueue(echo("x"), done);
    const { runId } = await ask(user, conversationId);
    const statuses: number[] = [];
    await follow(user, runId, async (event) => {
      if (event.type !== "tool-permission") return;
      const { callId } = event;
      const word = { callId, decision: "once" };
      statuses.push((await say(stranger, runId, word)).status);
      statuses.push((await say(user, runId, { callId: "other", decision: "once" })).status);
      statuses.push((await say(user, runId, word)).status);
      statuses.push((await say(user, runId, word)).status);
    });
    expect(statuses).toEqual([404, 409, 200, 200]);
  });

  it("is shown as open in the history while it waits, and lets go when the answer is stopped", async () => {
    const user = await stage.addUser();
    const conversationId = await stage.openConversation(user);
    stage.upstream.enqueue(echo("x"));
    const { runId } = await ask(user, conversationId);
    const events = await follow(user, runId, async (event) => {
      if (event.type !== "tool-permission") return;
      expect((await readAnswer(user, conversationId)).toolCalls).toMatchObject([{ state: "open" }]);
      await user.trpc.mutate("chat.stop", { runId });
    });
    expect(events.at(-1)?.type).toBe("run-stop");
    const { toolCalls } = await readAnswer(user, conversationId);
    expect(toolCalls).toMatchObject([{ name: "box__echo", state: "open", text: null }]);
  });

  it("counts as declined when nobody answers", async () => {
    await using hasty = await setToolStage({ servers: { box: program() }, permission_minutes: 0.001 });
    const user = await hasty.addUser();
    await listTools(user);
    const conversationId = await hasty.openConversation(user);
    hasty.upstream.enqueue(echo("x"), done);
    const { runId } = await ask(user, conversationId);
    const events = await follow(user, runId);
    expect(ofType(events, "tool-result")).toMatchObject([{ ok: false, failure: "declined" }]);
    expect(events.at(-1)?.type).toBe("run-done");
  });
});

describe("a tool that the operator shuts", () => {
  it("is listed, and never offered, whatever the user says", async () => {
    const user = await stage.addUser();
    await user.trpc.mutate("tool.setPermission", { name: "shut__echo", permission: "always" });
    const shown = (await listTools(user)).find(({ name }) => name === "shut__echo");
    expect(shown).toMatchObject({ server: "shut", title: "Echo", permission: "never" });
    const { events } = await run(user, undefined, calling(["shut__echo", { text: "x" }]));
    expect(ofType(events, "tool-result")).toMatchObject([{ ok: false, failure: "unknown" }]);
  });
});

it("writes a line into the ledger for each call", async () => {
  const user = await stage.addUser();
  await run(user, "once");
  await run(user, "decline");
  await run(user, "once", calling(["box__echo", { text: 5 }]));
  const now = Date.now();
  const span = { from: new Date(now - 60_000), to: new Date(now + 60_000) };
  expect(await user.trpc.query("usage.listTools", span)).toEqual([
    { tool: "box__echo", calls: 3, failed: 1, declined: 1, ms: expect.any(Number) },
  ]);
});
