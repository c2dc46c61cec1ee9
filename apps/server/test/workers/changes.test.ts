import { join } from "node:path";
import { answer, type BackendProcess, type FakeUpstream } from "@llm-backend/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../callers/chat-stage.ts";
import { createConversation, newUsername, registerUser } from "../callers/rest-caller.ts";
import { followRun, newRequestId, type Started } from "../chat/read-run.ts";
import { runHere } from "../cli/run-program.ts";
import { beginReply, openCallersAtBoth, startTwoWorkers, type TwoWorkers } from "./worker-stage.ts";

let workers: TwoWorkers;
let upstream: FakeUpstream;
let backend: BackendProcess;

beforeAll(async () => {
  workers = await startTwoWorkers({}, ["a-model"]);
  ({ upstream, backend } = workers);
}, 60_000);
afterAll(() => workers[Symbol.asyncDispose]());

const dayMs = 24 * 60 * 60 * 1000;

/** A command beside the server, on its data. */
const command = (...args: string[]) =>
  runHere([...args, "--config", join(backend.folder, "config.yaml"), "--data", backend.dataFolder]);

/** An administrator with a conversation, and two connections to each worker. */
async function setStage() {
  const username = newUsername();
  const rest = await registerUser(backend.url, username);
  expect((await command("user", "promote", username)).code).toBe(0);
  const conversationId = await createConversation(rest);
  const callers = await openCallersAtBoth(backend, rest);
  const [here, there] = [callers.here[0], callers.there[0]];
  return { username, conversationId, here, there, [Symbol.dispose]: () => callers[Symbol.dispose]() };
}

/** Sooner than whoever is not told would have looked for it. */
async function soon(ms: number, holds: () => Promise<boolean>, what: string): Promise<void> {
  const startedAt = performance.now();
  await until(holds, what);
  expect(performance.now() - startedAt).toBeLessThan(ms);
}

describe("what is changed at one of two workers", () => {
  it("is changed at the other one: upstreams", async () => {
    using stage = await setStage();
    const listModels = async () =>
      (await stage.there.query<{ model: string }[]>("model.list")).map(({ model }) => model);
    expect(await listModels()).toEqual(["a-model"]);
    const { id } = await stage.here.mutate<{ id: number }>("admin.upstream.add", {
      name: "added",
      endpoint: `${upstream.url}/v1`,
      models: ["a-second-model"],
    });
    await until(async () => (await listModels()).includes("a-second-model"), "the upstream is there");
    await stage.here.mutate("admin.upstream.update", { id, isEnabled: false });
    await until(async () => !(await listModels()).includes("a-second-model"), "it is out of use");
    await stage.here.mutate("admin.upstream.update", { id, isEnabled: true });
    await until(async () => (await listModels()).includes("a-second-model"), "it is in use again");
    await stage.here.mutate("admin.upstream.remove", { id });
    await until(async () => !(await listModels()).includes("a-second-model"), "it is gone");
  });

  it("counts at both when a command beside them has changed it: an account that is barred", async () => {
    using stage = await setStage();
    const hand = beginReply(upstream, "So far");
    const asked = { conversationId: stage.conversationId, requestId: newRequestId(), message: "Hi" };
    const { runId } = await stage.here.mutate<Started>("chat.send", asked);
    const items: unknown[] = [];
    const following = [stage.here, stage.there].map(async (trpc) => {
      let last: unknown;
      for await (const item of trpc.subscribe("chat.follow", { runId })) {
        items.push(item);
        last = item;
      }
      return last;
    });
    await until(() => items.length >= 4, "both have begun to read");
    expect((await command("user", "disable", stage.username)).code).toBe(0);
    const barred = { kind: "error", error: { data: { reason: "unauthenticated" } } };
    expect(await Promise.all(following)).toMatchObject([barred, barred]);
    hand.end();
  });

  it("is changed at the other one: prices", async () => {
    using stage = await setStage();
    upstream.setReply(answer(["Here."]));
    const toMoment = (offsetMs: number) => new Date(Date.now() + offsetMs).toISOString();
    const period = { from: toMoment(-dayMs), to: toMoment(dayMs) };
    const readCost = async () =>
      (await stage.there.query<{ costNanos: number }>("usage.summary", period)).costNanos;
    const ask = async () => {
      const { runId } = await stage.there.mutate<Started>("chat.send", {
        conversationId: stage.conversationId,
        requestId: newRequestId(),
        message: "Hi",
      });
      await followRun(stage.there, runId);
    };
    // It has its prices by now, and need not look for them again for ten seconds.
    await ask();
    await stage.here.mutate("admin.price.set", { model: "a-model", prices: { input: 1e9, output: 1e9 } });
    await soon(
      5000,
      async () => {
        await ask();
        return (await readCost()) > 0;
      },
      "the price counts",
    );
  });
});
