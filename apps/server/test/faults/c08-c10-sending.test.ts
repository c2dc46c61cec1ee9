import { execFileSync } from "node:child_process";
import { join } from "node:path";
import {
  answer,
  createFakeUpstream,
  fail,
  finish,
  role,
  say,
  spawnBackend,
  stall,
  wait,
} from "@llm-backend/testing";
import type { TestBackend } from "@llm-backend/testing";
import { describe, expect, it } from "vitest";
import { readPrompt, until } from "../callers/chat-stage.ts";
import { createConversation, registerUser } from "../callers/rest-caller.ts";
import { createTrpcCaller } from "../callers/trpc-caller.ts";
import { followRun, newRequestId, readMessages, readToEnd, toText, type Started } from "../chat/read-run.ts";
import { setClientStage, type ClientStage, type ClientUser } from "./client-stage.ts";
import { isFullSize } from "./full-size.ts";
import { sideBySide } from "./side-by-side.ts";

const newConversation = async (user: ClientUser): Promise<ClientUser> => ({
  ...user,
  conversationId: await createConversation(user.rest, { model: "fake-model" }),
});

const tryAgain = (user: ClientUser, requestId: string, message = "Hi") =>
  user.trpc.tryMutate("chat.send", { conversationId: user.conversationId, requestId, message });

describe("C08: the same message is sent twice", () => {
  it("C08: one after the other, and twenty at once, on both faces: one message, one call", async () => {
    await using stage = await setClientStage({
      reply: { steps: [role(), wait(20), say("Once."), finish()] },
    });
    const owner = await stage.addUser();
    const keys = isFullSize ? 1000 : 15;
    await sideBySide(Array.from({ length: keys }).keys(), async (index) => {
      const user = await newConversation(owner);
      const requestId = newRequestId();
      const overRest = () =>
        user.rest.post(
          `/api/chat/${user.conversationId}`,
          { message: "Hi" },
          { "idempotency-key": requestId },
        );
      const sends = Array.from({ length: index % 2 === 0 ? 20 : 2 }, async (_, send) => {
        if (send % 5 === 4) return (await overRest()).text();
        const input = { conversationId: user.conversationId, requestId, message: "Hi" };
        return toText(await readToEnd(user.trpc.subscribe("chat.stream", input)));
      });
      for (const text of await Promise.all(sends)) expect(text).toContain("Once.");
      expect(await (await overRest()).text()).toContain("Once.");
      const messages = await readMessages(user.trpc, user.conversationId);
      expect(messages.map(({ content }) => content)).toEqual(["Hi", "Once."]);
    });
    expect(stage.upstream.calls).toHaveLength(keys);
    await stage.judge();
  });

  it("C08: with another text it is refused; another user's key is their own", async () => {
    await using stage = await setClientStage();
    const [user, other] = [await stage.addUser(), await stage.addUser()];
    for (const requestId of [newRequestId(), "k".repeat(255)]) {
      const { runId } = await stage.send(await newConversation(user), { requestId });
      await followRun(user.trpc, runId);
      const refused = await tryAgain(user, requestId, "else");
      expect([refused.status, refused.error?.data.reason]).toEqual([409, "conflict"]);
      const theirs = await stage.send(other, { requestId });
      expect(theirs.runId).not.toBe(runId);
      await followRun(other.trpc, theirs.runId);
    }
    for (const requestId of ["k".repeat(256), "", "a b", "é"])
      expect((await tryAgain(user, requestId)).status).toBe(400);
    await stage.judge();
  });

  it("C08: after a failure the failure is told again, and nobody is asked", async () => {
    await using stage = await setClientStage({ reply: fail(500) });
    const user = await stage.addUser();
    const input = { conversationId: user.conversationId, requestId: newRequestId(), message: "Hi" };
    const told = await readToEnd(user.trpc.subscribe("chat.stream", input));
    const calls = stage.upstream.calls.length;
    expect(await readToEnd(user.trpc.subscribe("chat.stream", input))).toEqual(told);
    expect(stage.upstream.calls).toHaveLength(calls);
    await stage.judge();
  });

  it("C08: across the death of the server: the message is there once, and is not asked again", async () => {
    await using upstream = await createFakeUpstream({ reply: { steps: [role(), say("Half"), stall()] } });
    await using first = await spawnBackend({ upstreams: [upstream.url] });
    const rest = await registerUser(first.url);
    const input = {
      conversationId: await createConversation(rest),
      requestId: newRequestId(),
      message: "Hi",
    };
    const { runId } = await createTrpcCaller(first.url, rest.token).mutate<Started>("chat.send", input);
    await until(() => upstream.calls.length === 1, "the upstream is asked");
    await first.kill("SIGKILL");
    await using second = await first.restart();
    const trpc = createTrpcCaller(second.url, rest.token);
    const again = await Promise.all(
      Array.from({ length: 20 }, () => trpc.mutate<Started>("chat.send", input)),
    );
    expect(new Set(again.map((started) => started.runId))).toEqual(new Set([runId]));
    expect((await followRun(trpc, runId)).at(-1)?.event.type).toBe("run-interrupt");
    expect(await readMessages(trpc, input.conversationId)).toHaveLength(2);
    expect(upstream.calls).toHaveLength(1);
  });
});

describe("C09: two tabs send at once", () => {
  it("C09: they are answered one after the other, in one chain", { timeout: 300_000 }, async () => {
    await using stage = await setClientStage({
      reply: (call) => answer(`answer to ${readPrompt(call).at(-1)?.content}`),
    });
    const owner = await stage.addUser();
    await sideBySide(Array.from({ length: isFullSize ? 1000 : 30 }).keys(), async (race) => {
      const user = await newConversation(owner);
      const started = await Promise.all(
        ["a", "b"].map((tab) => stage.send(user, { message: `${tab}${race}` })),
      );
      await Promise.all(started.map(({ runId }) => followRun(user.trpc, runId)));
      const messages = await readMessages(user.trpc, user.conversationId);
      const [first, second, third, fourth] = messages;
      expect(new Set([first?.content, third?.content])).toEqual(new Set([`a${race}`, `b${race}`]));
      expect([second?.content, fourth?.content]).toEqual([
        `answer to ${first?.content}`,
        `answer to ${third?.content}`,
      ]);
      expect(messages.map(({ parentId }) => parentId)).toEqual([
        null,
        ...messages.slice(0, -1).map(({ messageId }) => messageId),
      ]);
    });
    await stage.judge();
  });
});

// In a process of its own: a second SQLite in this one would take away the locks of the first.
const countRows = `
  const { DatabaseSync } = require("node:sqlite");
  const database = new DatabaseSync(process.argv[1], { readOnly: true });
  const ids = JSON.parse(process.argv[2]).join(",");
  const count = (table) =>
    database.prepare("select count(*) as n from " + table + " where conversation_id in (" + ids + ")").get().n;
  console.log(JSON.stringify([count("messages"), count("runs")]));
`;

/** How many messages and runs the database has of these conversations. */
function countLeft(stage: ClientStage, conversationIds: readonly number[]): unknown {
  const { dataFolder } = stage.backend as unknown as TestBackend;
  const flags = ["--no-warnings", "-e", countRows, "--", join(dataFolder, "llm-backend.db")];
  return JSON.parse(
    execFileSync(process.execPath, [...flags, JSON.stringify(conversationIds)], { encoding: "utf8" }),
  );
}

describe("C10: a conversation changes under an answer", () => {
  it("C10: it is deleted at any moment: nothing of it is left", { timeout: 300_000 }, async () => {
    await using stage = await setClientStage({
      reply: {
        steps: [role(), ...Array.from({ length: 5 }, () => [say("word "), wait(2)]).flat(), finish()],
      },
    });
    const owner = await stage.addUser();
    const removed: number[] = [];
    await sideBySide(Array.from({ length: isFullSize ? 1000 : 40 }).keys(), async (race) => {
      const user = await newConversation(owner);
      const { runId } = await stage.send(user);
      const following = followRun(user.trpc, runId).catch(String);
      await new Promise((resolve) => void setTimeout(resolve, race % 16));
      await user.trpc.mutate("conversation.remove", { conversationId: user.conversationId });
      const told = await following;
      if (typeof told === "string") expect(told).toMatch(/not_found/);
      else expect(["run-done", "run-stop"]).toContain(told.at(-1)?.event.type);
      expect((await user.trpc.tryQuery("chat.get", { runId })).status).toBe(404);
      removed.push(user.conversationId);
    });
    await stage.judge();
    expect(countLeft(stage, removed)).toEqual([0, 0]);
  });

  it("C10: it is renamed, put away, edited and forked meanwhile: the answer comes whole", async () => {
    await using stage = await setClientStage({
      reply: { steps: [role(), say("Half"), wait("changed"), say(" more"), finish()] },
    });
    const user = await stage.addUser();
    const { conversationId } = user;
    const { runId, userMessageId } = await stage.send(user);
    const following = followRun(user.trpc, runId);
    await user.trpc.mutate("conversation.rename", { conversationId, title: "Another" });
    await user.trpc.mutate("conversation.update", { conversationId, archived: true });
    const fork = await user.trpc.mutate<{ conversationId: number }>("conversation.fork", {
      conversationId,
      requestId: newRequestId(),
      messageId: userMessageId,
    });
    const edited = await user.trpc.mutate<Started>("chat.edit", {
      conversationId,
      requestId: newRequestId(),
      messageId: userMessageId,
      message: "Hello",
    });
    stage.upstream.setReply(answer("To the edited one."));
    stage.upstream.open("changed");
    expect(toText(await followRun(user.trpc, edited.runId))).toMatch(/^(Half more|To the edited one\.)$/);
    expect(toText(await following)).toBe("Half more");
    expect(await user.trpc.query("conversation.get", { conversationId })).toMatchObject({
      title: "Another",
      archived: true,
    });
    const copied = await readMessages(user.trpc, fork.conversationId);
    expect(copied.map(({ content }) => content)).toEqual(["Hi"]);
    const shown = await readMessages(user.trpc, conversationId);
    expect(shown[0]?.content).toBe("Hello");
    expect(shown[0]?.siblingIds).toHaveLength(2);
    await stage.judge();
  });
});
