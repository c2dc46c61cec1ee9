import { getEventListeners } from "node:events";
import {
  answer,
  createBlackHole,
  createFakeUpstream,
  fail,
  head,
  role,
  say,
  stall,
  type Reply,
} from "@llm-backend/testing/fake-upstream";
import { expect, test } from "vitest";
import { createGateway } from "../src/index.ts";
import { ask, openGateway, startAsking, toUpstream } from "./ask-gateway.ts";

const phases: readonly (readonly [string, Reply])[] = [
  ["while the head is awaited", { steps: [stall()] }],
  ["after the head", { steps: [head(), stall()] }],
  ["after a role", { steps: [role(), stall()] }],
  ["in the middle of the answer", { steps: [say("a"), stall()] }],
  ["in an error's body", { status: 500, steps: [head(), stall()] }],
];

for (const [phase, reply] of phases) {
  test(`an abort ${phase} closes the socket within 100 ms, and asks nobody else`, async () => {
    await using upstream = await createFakeUpstream({ reply });
    await using second = await createFakeUpstream();
    await using under = openGateway([upstream, second]);
    const asking = startAsking(under.gateway);
    const call = await upstream.nextCall();
    if (phase.startsWith("in the middle")) await asking.untilText("a");
    const before = performance.now();
    asking.abort();
    const { error } = await asking.done;
    const end = await call.closed;
    expect(error?.code).toBe("cancelled");
    expect(end.by).toBe("client");
    expect(end.at - before).toBeLessThan(100);
    expect(second.calls).toHaveLength(0);
    expect(under.reports.map(({ outcome }) => outcome)).toEqual(["cancelled"]);
  });
}

test("an abort while connecting closes the socket and leaves no timer", async () => {
  await using hole = await createBlackHole();
  await using under = openGateway([hole.url]);
  const asking = startAsking(under.gateway);
  const handles = () =>
    process.getActiveResourcesInfo().filter((name) => /TCPSocket|TCPConnect|Timeout/.test(name));
  await new Promise((resolve) => setImmediate(resolve));
  const during = handles().length;
  const before = performance.now();
  asking.abort();
  expect((await asking.done).error?.code).toBe("cancelled");
  expect(performance.now() - before).toBeLessThan(100);
  await new Promise((resolve) => setImmediate(resolve));
  expect(handles().length).toBeLessThanOrEqual(during - 2);
});

test("an abort while a name is being resolved ends the question", async () => {
  await using under = openGateway(["http://mute.test"], { connecting: { lookup: () => {} } });
  const asking = startAsking(under.gateway);
  asking.abort();
  expect((await asking.done).error?.code).toBe("cancelled");
});

test("an abort before the start asks nobody", async () => {
  await using upstream = await createFakeUpstream();
  await using under = openGateway([upstream]);
  const chat = under.gateway.chat(
    { id: "r", model: "m", messages: [] },
    { signal: AbortSignal.abort(), onParts: () => {} },
  );
  await expect(chat).rejects.toMatchObject({ code: "cancelled" });
  expect([upstream.calls.length, under.reports.length]).toEqual([0, 0]);
});

test("an abort between two candidates asks no further one", async () => {
  await using first = await createFakeUpstream({ reply: { status: 500, steps: [] } });
  await using second = await createFakeUpstream();
  const controller = new AbortController();
  const gateway = createGateway({
    upstreams: [toUpstream(first), toUpstream(second)],
    observer: { attemptEnded: () => controller.abort() },
  });
  const chat = gateway.chat(
    { id: "r", model: "m", messages: [] },
    { signal: controller.signal, onParts: () => {} },
  );
  await expect(chat).rejects.toMatchObject({ code: "cancelled" });
  expect(second.calls).toHaveLength(0);
  await gateway.close();
});

test("nothing is handed on after an abort, and no listener stays on the signal", async () => {
  await using upstream = await createFakeUpstream({ reply: { steps: [say(["a"]), say(["b"]), stall()] } });
  await using under = openGateway([upstream]);
  const controller = new AbortController();
  const seen: string[] = [];
  const chat = under.gateway.chat(
    { id: "r", model: "m", messages: [] },
    {
      signal: controller.signal,
      onParts: (parts) => {
        seen.push(...parts.map(({ text }) => text));
        controller.abort();
      },
    },
  );
  await expect(chat).rejects.toMatchObject({ code: "cancelled" });
  await (
    await upstream.nextCall()
  ).closed;
  expect(seen).toHaveLength(1);
  expect(getEventListeners(controller.signal, "abort")).toHaveLength(0);
});

test("no timer stays behind, however an answer ended", async () => {
  await using upstream = await createFakeUpstream({ reply: { steps: [say("a"), stall()] } });
  const countTimers = () => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
  const before = countTimers();
  await using under = openGateway([upstream]);
  const aborted = startAsking(under.gateway, { onFirst: () => aborted.abort() });
  expect((await aborted.done).error?.code).toBe("cancelled");
  upstream.setReply(answer("x"));
  expect((await ask(under.gateway)).text).toBe("x");
  upstream.setReply(fail(500));
  expect((await ask(under.gateway)).error?.code).toBe("upstream_unavailable");
  // A timer of a test before this one may have ended meanwhile.
  expect(countTimers()).toBeLessThanOrEqual(before);
});

test("a complete answer leaves no listener on the signal", async () => {
  await using upstream = await createFakeUpstream();
  await using under = openGateway([upstream]);
  const { signal } = new AbortController();
  await under.gateway.chat({ id: "r", model: "m", messages: [] }, { signal, onParts: () => {} });
  expect(getEventListeners(signal, "abort")).toHaveLength(0);
});

test("a receiver that throws ends the answer, closes the socket, and hurts nobody else", async () => {
  await using upstream = await createFakeUpstream({ reply: { steps: [say("a"), stall()] } });
  await using under = openGateway([upstream]);
  const chat = under.gateway.chat(
    { id: "r", model: "m", messages: [] },
    {
      signal: new AbortController().signal,
      onParts: () => {
        throw new Error("a bug of the receiver");
      },
    },
  );
  await expect(chat).rejects.toMatchObject({ code: "internal", cause: new Error("a bug of the receiver") });
  expect((await (await upstream.nextCall()).closed).by).toBe("client");
});

test("closing the gateway ends what is under way and takes no further question", async () => {
  await using upstream = await createFakeUpstream({ reply: { steps: [say("a"), stall()] } });
  await using under = openGateway([upstream]);
  const asking = startAsking(under.gateway);
  await asking.untilText("a");
  await under.gateway.close();
  const { error, text } = await asking.done;
  expect([text, error?.code]).toEqual(["a", "shutting_down"]);
  await (
    await upstream.nextCall()
  ).closed;
  expect(upstream.connectionsOpen).toBe(0);
  expect((await ask(under.gateway)).error?.code).toBe("shutting_down");
  expect(under.reports).toHaveLength(1);
});
