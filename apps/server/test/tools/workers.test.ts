import { createFakeUpstream, spawnBackend } from "@llm-backend/testing";
import { expect, it } from "vitest";
import { createConversation, registerUser } from "../callers/rest-caller.ts";
import { createTrpcCaller } from "../callers/trpc-caller.ts";
import { openPinnedCallers } from "../workers/pinned-caller.ts";
import { ask, calling, done, follow, listTools, ofType, program, say } from "./tool-stage.ts";

it("a call that waits in one worker is allowed at another one", async () => {
  await using upstream = await createFakeUpstream();
  const tools = { servers: { box: program({ tools: { allow: ["echo"] } }) } };
  await using backend = await spawnBackend({ upstreams: [upstream.url], config: { workers: 2, tools } });
  const rest = await registerUser(backend.url);
  const conversationId = await createConversation(rest);
  using callers = await openPinnedCallers(backend, 2);
  const [here, there] = [callers.first, callers.second].map((all) => ({
    rest,
    trpc: createTrpcCaller(backend.url, rest.token, all[0]?.fetch),
  })) as [Parameters<typeof ask>[0], Parameters<typeof ask>[0]];
  await here.trpc.mutate("conversation.update", { conversationId, tools: "all" });
  for (const user of [here, there]) expect(await listTools(user)).toHaveLength(1);
  const following = { rest, trpc: createTrpcCaller(backend.url, rest.token, callers.first[1]?.fetch) };

  upstream.enqueue(calling(["box__echo", { text: "across" }]), done);
  const { runId } = await ask(here, conversationId);
  const events = await follow(following, runId, async (event) => {
    if (event.type !== "tool-permission") return;
    const { callId } = event;
    expect((await say(there, runId, { callId: "other", decision: "once" })).status).toBe(409);
    expect((await say(there, runId, { callId, decision: "once" })).status).toBe(200);
    expect((await say(here, runId, { callId, decision: "once" })).status).toBe(200);
  });
  expect(ofType(events, "tool-result")).toMatchObject([{ ok: true, text: "echo: across" }]);
  expect(events.at(-1)?.type).toBe("run-done");
}, 30_000);
