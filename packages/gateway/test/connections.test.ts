import { setImmediate } from "node:timers/promises";
import {
  answer,
  createFakeUpstream,
  createTestCertificate,
  cut,
  fail,
  finish,
  raw,
  reset,
  say,
  stall,
  toFrame,
  wait,
  type Reply,
} from "@llm-backend/testing/fake-upstream";
import { expect, test } from "vitest";
import type { Gateway } from "../src/index.ts";
import { ask, openGateway, toUpstream, type Asked } from "./ask-gateway.ts";

/** Asks, and lets the connection go back to the pool: that takes it a turn of the event loop. */
async function askCalmly(gateway: Gateway): Promise<Asked> {
  const asked = await ask(gateway);
  await setImmediate();
  return asked;
}

test("answers that were read to their end share one connection", async () => {
  await using upstream = await createFakeUpstream();
  await using under = openGateway([upstream]);
  for (let count = 0; count < 20; count++) await askCalmly(under.gateway);
  expect(upstream.connectionsAccepted).toBe(1);
});

test("an answer whose body ends a moment after [DONE] gives its connection back", async () => {
  await using upstream = await createFakeUpstream({ reply: { steps: [say("x"), finish(), wait("end")] } });
  await using under = openGateway([upstream]);
  expect((await ask(under.gateway)).outcome?.finishReason).toBe("stop");
  upstream.open("end");
  await upstream.calls[0]?.answered;
  // The end is on its way: one turn to read it, one for the pool.
  for (let turn = 0; turn < 4; turn++) await setImmediate();
  await ask(under.gateway);
  expect(upstream.connectionsAccepted).toBe(1);
});

test("a refusal that was read to its end gives its connection back", async () => {
  await using upstream = await createFakeUpstream();
  upstream.enqueue(fail(400), fail(500), fail(429));
  await using under = openGateway([upstream]);
  for (let count = 0; count < 4; count++) await askCalmly(under.gateway);
  expect(upstream.connectionsAccepted).toBe(1);
});

test("questions at the same time have connections of their own, which later ones use", async () => {
  await using upstream = await createFakeUpstream();
  await using under = openGateway([upstream]);
  await Promise.all(Array.from({ length: 10 }, () => ask(under.gateway)));
  await setImmediate();
  await Promise.all(Array.from({ length: 10 }, () => ask(under.gateway)));
  expect(upstream.connectionsAccepted).toBe(10);
});

test("what comes after [DONE] is ignored, and does not keep the answer waiting", async () => {
  await using upstream = await createFakeUpstream({
    reply: { steps: [say("x"), finish(), say("more"), raw(toFrame('{"error":{}}')), stall()] },
  });
  await using under = openGateway([upstream]);
  const { text, outcome } = await ask(under.gateway);
  expect([text, outcome?.finishReason]).toEqual(["x", "stop"]);
  expect((await (await upstream.nextCall()).closed).by).toBe("client");
});

test("U32: a kept-alive connection that closes as it is reused costs nothing that anybody sees", async () => {
  await using upstream = await createFakeUpstream();
  await using under = openGateway([upstream]);
  for (const end of [cut(), reset(), cut(), reset()]) {
    upstream.enqueue(answer("first"), { steps: [end] }, answer("second"));
    expect((await askCalmly(under.gateway)).text).toBe("first");
    expect((await askCalmly(under.gateway)).text).toBe("second");
  }
  expect(under.reports.map(({ outcome }) => outcome)).toEqual(Array.from({ length: 8 }, () => "done"));
});

test("U32: a new connection that closes without an answer is a failure", async () => {
  await using upstream = await createFakeUpstream({ reply: { steps: [cut()] } });
  await using under = openGateway([upstream]);
  expect((await ask(under.gateway)).error?.code).toBe("upstream_unavailable");
  expect(upstream.calls).toHaveLength(1);
});

test("U32: one retry and no more", async () => {
  await using upstream = await createFakeUpstream();
  upstream.enqueue(answer("first"), { steps: [cut()] }, { steps: [cut()] });
  await using under = openGateway([upstream]);
  await askCalmly(under.gateway);
  expect((await ask(under.gateway)).error?.code).toBe("upstream_unavailable");
  expect(upstream.calls).toHaveLength(3);
  expect(under.reports.map(({ outcome }) => outcome)).toEqual(["done", "reset"]);
});

test("U32: an upstream that closes after each answer fails no question", { timeout: 60_000 }, async () => {
  const reply: Reply = { steps: [say("x"), finish(), cut({ terminated: true })] };
  await using upstream = await createFakeUpstream({ reply });
  await using under = openGateway([upstream]);
  const total = 2000;
  let asked = 0;
  const askOn = async (): Promise<void> => {
    while (asked++ < total) expect((await ask(under.gateway)).error).toBeUndefined();
  };
  await Promise.all(Array.from({ length: 10 }, askOn));
  expect(under.reports.filter(({ outcome }) => outcome === "done")).toHaveLength(total);
});

test("U04: no request goes to a server that cannot prove who it is", async ({ skip }) => {
  const certificate = await createTestCertificate("localhost");
  if (certificate === undefined) return skip("there is no openssl to make a certificate with");
  await using upstream = await createFakeUpstream({ tls: certificate });
  await using distrusting = openGateway([upstream]);
  expect((await ask(distrusting.gateway)).error?.code).toBe("upstream_unavailable");
  expect(distrusting.reports[0]).toMatchObject({
    outcome: "connect_failed",
    message: "DEPTH_ZERO_SELF_SIGNED_CERT",
  });
  await using misnamed = openGateway([`https://127.0.0.1:${upstream.port}`], {
    connecting: { ca: certificate.cert },
  });
  await ask(misnamed.gateway);
  expect(misnamed.reports[0]).toMatchObject({
    outcome: "connect_failed",
    message: "ERR_TLS_CERT_ALTNAME_INVALID",
  });
  expect(upstream.calls).toHaveLength(0);
});

test("asks over TLS where the certificate is good", async ({ skip }) => {
  const certificate = await createTestCertificate("localhost");
  if (certificate === undefined) return skip("there is no openssl to make a certificate with");
  await using upstream = await createFakeUpstream({ tls: certificate, reply: answer("in private") });
  await using under = openGateway([toUpstream(upstream)], { connecting: { ca: certificate.cert } });
  for (let count = 0; count < 3; count++) expect((await askCalmly(under.gateway)).text).toBe("in private");
  expect(upstream.connectionsAccepted).toBe(1);
});
