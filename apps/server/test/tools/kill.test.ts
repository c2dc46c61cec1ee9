import { createFakeUpstream, spawnBackend } from "@llm-backend/testing";
import { expect, it } from "vitest";
import { until } from "../callers/chat-stage.ts";
import { createConversation, createRestCaller, registerUser } from "../callers/rest-caller.ts";
import { createTrpcCaller } from "../callers/trpc-caller.ts";
import { ask, calling, done, follow, listTools, ofType, program, readAnswer } from "./tool-stage.ts";

const isRunning = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

it("a server that is killed while a call waits leaves the call to be seen, and no program behind", async () => {
  await using upstream = await createFakeUpstream();
  const tools = {
    servers: { box: program(), free: program({ permission: "always", tools: { allow: ["who*"] } }) },
  };
  await using first = await spawnBackend({ upstreams: [upstream.url], config: { tools } });
  const rest = await registerUser(first.url);
  const user = { rest, trpc: createTrpcCaller(first.url, rest.token) };
  const conversationId = await createConversation(rest);
  await user.trpc.mutate("conversation.update", { conversationId, tools: "all" });
  const who = (await listTools(user)).find(({ name }) => name.startsWith("free__"))?.name ?? "";
  upstream.enqueue(calling([who, {}]), calling(["box__echo", { text: "x" }]));
  const { runId } = await ask(user, conversationId);
  const seen: Awaited<ReturnType<typeof follow>> = [];
  const following = follow(user, runId, (event) => seen.push(event)).catch(() => {});
  await until(() => ofType(seen, "tool-permission").length === 1, "a call waits");
  // What was told is written down a quarter of a second later at most.
  await until(
    async () => (await readAnswer(user, conversationId)).toolCalls.length === 2,
    "the history has both calls",
  );
  await new Promise((resolve) => {
    setTimeout(resolve, 300);
  });
  const pid = Number(ofType(seen, "tool-result")[0]?.text);
  expect(isRunning(pid)).toBe(true);
  await first.kill("SIGKILL");
  await following;
  await until(() => !isRunning(pid), "the program ends with its input");

  await using second = await first.restart();
  const again = {
    rest: createRestCaller(second.url, rest.token),
    trpc: createTrpcCaller(second.url, rest.token),
  };
  const shown = await readAnswer(again, conversationId);
  expect(shown.run?.state).toBe("interrupted");
  expect(shown.toolCalls).toMatchObject([
    { name: who, state: "done" },
    { name: "box__echo", state: "open", text: null },
  ]);
  const told = await follow(again, runId);
  expect(ofType(told, "tool-permission")).toHaveLength(1);
  expect(told.at(-1)?.type).toBe("run-interrupt");

  upstream.enqueue(done);
  const next = await ask(again, conversationId);
  expect((await follow(again, next.runId)).at(-1)?.type).toBe("run-done");
}, 30_000);
