import { answer, finish, role, say, spawnBackend, stall, createFakeUpstream } from "@llm-backend/testing";
import { describe, expect, it } from "vitest";
import { until } from "../callers/chat-stage.ts";
import { createConversation, logIn, newUsername, registerUser } from "../callers/rest-caller.ts";
import { createTrpcCaller } from "../callers/trpc-caller.ts";
import { followRun, newRequestId, readMessages, toText, type Started } from "../chat/read-run.ts";
import { openPinnedCallers } from "../workers/pinned-caller.ts";
import { setClientStage, type ClientStage, type ClientUser } from "./client-stage.ts";
import { isFullSize } from "./full-size.ts";

const endless = { steps: [role(), say("Half of it"), stall()] };

/** The newest message's run, as a page finds it that is loaded again. */
async function findRun(user: Pick<ClientUser, "trpc" | "conversationId">) {
  return (await readMessages(user.trpc, user.conversationId)).at(-1)?.run;
}

async function untilSaid(user: ClientUser): Promise<void> {
  await until(
    async () => (await readMessages(user.trpc, user.conversationId)).at(-1)?.content === "Half of it",
    "the first piece has come",
  );
}

async function expectStopped(stage: ClientStage, user: ClientUser): Promise<void> {
  expect((await stage.upstream.calls[0]?.closed)?.by).toBe("client");
  const messages = await readMessages(user.trpc, user.conversationId);
  expect(messages.map(({ content }) => content)).toEqual(["Hi", "Half of it"]);
  expect(messages[1]?.run?.state).toBe("stopped");
}

describe("C03: an answer is stopped", () => {
  it("C03: from another tab, after a reload, by three at once and once more: it stops once", async () => {
    await using stage = await setClientStage({ reply: endless });
    const user = await stage.addUser();
    const { runId } = await stage.send(user);
    const following = followRun(user.trpc, runId);
    await untilSaid(user);
    // The page is loaded again: all it knows is the conversation.
    expect((await findRun(user))?.runId).toBe(runId);
    const { username } = await user.trpc.query<{ username: string }>("auth.me");
    const tab = createTrpcCaller(stage.backend.url, (await logIn(stage.backend.url, username)).token);
    const callers = [tab, user.trpc, tab];
    const stopped = await Promise.all(callers.map((caller) => caller.mutate("chat.stop", { runId })));
    expect(stopped).toEqual(callers.map(() => ({ runId, state: "stopped" })));
    const told = await following;
    expect(told.filter(({ event }) => event.type === "run-stop")).toHaveLength(1);
    expect(toText(told)).toBe("Half of it");
    expect(await tab.mutate("chat.stop", { runId })).toEqual({ runId, state: "stopped" });
    await expectStopped(stage, user);
    await stage.judge();
  });

  it("C03: before its first piece, and while it waits for its turn", async () => {
    await using stage = await setClientStage({ reply: { steps: [stall()] } });
    const user = await stage.addUser();
    const first = await stage.send(user);
    const second = await stage.send(user);
    for (const { runId } of [second, first]) {
      expect(await user.trpc.mutate("chat.stop", { runId })).toEqual({ runId, state: "stopped" });
      expect((await followRun(user.trpc, runId)).at(-1)?.event.type).toBe("run-stop");
    }
    stage.upstream.setReply(answer("It goes on."));
    const { runId } = await stage.send(user);
    expect(toText(await followRun(user.trpc, runId))).toBe("It goes on.");
    await stage.judge();
  });

  it("C03: after its end: nothing changes; somebody else's: it is not found", async () => {
    await using stage = await setClientStage();
    const user = await stage.addUser();
    const { runId } = await stage.send(user);
    const told = await followRun(user.trpc, runId);
    expect(await user.trpc.mutate("chat.stop", { runId })).toEqual({ runId, state: "done" });
    expect(await followRun(user.trpc, runId)).toEqual(told);
    const stranger = await stage.addUser();
    expect((await stranger.trpc.tryMutate("chat.stop", { runId })).status).toBe(404);
    await stage.judge();
  });

  it(
    "C03: while it ends: it is done or stopped, and says the same to all",
    { timeout: 300_000 },
    async () => {
      await using stage = await setClientStage({
        reply: { steps: [role(), say("Half"), say(" more"), finish()] },
      });
      const user = await stage.addUser();
      for (let race = 0; race < (isFullSize ? 300 : 20); race++) {
        const conversationId = await createConversation(user.rest, { model: "fake-model" });
        const { runId } = await stage.send({ ...user, conversationId });
        const following = followRun(user.trpc, runId);
        for (let turn = 0; turn < race % 12; turn++)
          await new Promise((resolve) => void setImmediate(resolve));
        const stopped = await user.trpc.mutate<{ state: string }>("chat.stop", { runId });
        const told = await following;
        expect(told.at(-1)?.event.type).toBe(stopped.state === "done" ? "run-done" : "run-stop");
        const stored = (await readMessages(user.trpc, conversationId)).at(-1);
        expect([stored?.content, stored?.run?.state]).toEqual([toText(told), stopped.state]);
      }
      await stage.judge();
    },
  );
});

describe("C03: with two processes", () => {
  it("C03: an answer is stopped whichever of them is told", { timeout: 60_000 }, async () => {
    await using upstream = await createFakeUpstream({ reply: endless });
    await using backend = await spawnBackend({
      upstreams: [upstream.url],
      config: { workers: 2, log: { level: "debug", format: "json" } },
    });
    const rest = await registerUser(backend.url, newUsername());
    using callers = await openPinnedCallers(backend, 2);
    const [here, there] = [callers.first, callers.second].map(([one]) =>
      createTrpcCaller(backend.url, rest.token, one?.fetch),
    );
    const [hereToo] = callers.first
      .slice(1)
      .map(({ fetch }) => createTrpcCaller(backend.url, rest.token, fetch));
    if (here === undefined || there === undefined || hereToo === undefined) throw new Error("two of each");
    for (let turn = 0; turn < (isFullSize ? 50 : 5); turn++) {
      const conversationId = await createConversation(rest, { model: "fake-model" });
      const before = upstream.calls.length;
      const asked = { conversationId, requestId: newRequestId(), message: "Hi" };
      const { runId } = await here.mutate<Started>("chat.send", asked);
      const following = followRun(hereToo, runId);
      if (turn % 2 === 0) await until(() => upstream.calls.length > before, "the upstream is asked");
      expect(await there.mutate("chat.stop", { runId })).toEqual({ runId, state: "stopped" });
      expect((await following).at(-1)?.event.type).toBe("run-stop");
      expect(await here.mutate("chat.stop", { runId })).toEqual({ runId, state: "stopped" });
    }
    for (const call of upstream.calls) expect((await call.closed).by).toBe("client");
  });
});
