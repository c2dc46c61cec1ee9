import { Readable } from "node:stream";
import {
  answer,
  createFakeUpstream,
  fail,
  head,
  page,
  role,
  say,
  stall,
  type Reply,
} from "@llm-backend/testing/fake-upstream";
import { describe, expect, it } from "vitest";
import { openGateway, toUpstream } from "../ask-gateway.ts";
import { forward, question } from "./forward-stage.ts";

describe("a caller who leaves", () => {
  const phases: readonly (readonly [string, Reply])[] = [
    ["while the head is awaited", { steps: [stall()] }],
    ["after the head", { steps: [head(), stall()] }],
    ["after a role", { steps: [role(), stall()] }],
    ["in the middle", { steps: [say("a"), stall()] }],
  ];
  it.each(phases)("closes the upstream's socket, and nobody else is asked: %s", async (_, reply) => {
    await using upstream = await createFakeUpstream({ reply });
    await using second = await createFakeUpstream();
    await using under = openGateway([upstream, second]);
    const left = new AbortController();
    const forwarding = forward(under.gateway, { signal: left.signal });
    const call = await upstream.nextCall();
    const at = performance.now();
    left.abort();
    const closed = await call.closed;
    expect(closed.by).toBe("client");
    expect(closed.at - at).toBeLessThan(100);
    expect((await forwarding).result.error?.code).toBe("cancelled");
    expect(second.calls).toHaveLength(0);
    expect(under.reports.map(({ outcome }) => outcome)).toEqual(["cancelled"]);
  });
});

describe("a caller who is behind", () => {
  it("holds the upstream, loses nothing, and does not count as its stall", async () => {
    const text = "x".repeat(1000);
    const pieces = Array.from({ length: 3000 }, (_, index) => `${index} ${text}`);
    await using upstream = await createFakeUpstream({ reply: answer(pieces) });
    await using under = openGateway([toUpstream(upstream, { clocks: { idleMs: 50 } })]);
    let writes = 0;
    const got = await forward(under.gateway, {
      onWrite(_bytes, drain) {
        writes++;
        // Longer than the idle clock.
        setTimeout(drain, writes === 1 ? 120 : 1);
        return false;
      },
    });
    expect(got.result.error).toBeUndefined();
    expect(got.result.textChars).toBe(pieces.join("").length);
    expect(writes).toBeGreaterThan(3);
  });
});

describe("an upload", () => {
  const toSource = (pieces: readonly string[]): Readable =>
    Readable.from(
      pieces.map((piece) => Buffer.from(piece)),
      { objectMode: false },
    );

  it("passes on as it is, with its length", async () => {
    await using upstream = await createFakeUpstream({ reply: page("application/json", '{"text":"ok"}') });
    await using under = openGateway([upstream]);
    const got = await forward(under.gateway, {
      path: "/audio/transcriptions",
      headers: { "content-type": "multipart/form-data; boundary=x" },
      body: { stream: toSource(["--x\r\n", "abc", "\r\n--x--\r\n"]), length: 17 },
    });
    expect(got.body.toString()).toBe('{"text":"ok"}');
    expect(upstream.calls[0]?.bodyText).toBe("--x\r\nabc\r\n--x--\r\n");
    expect(upstream.calls[0]?.headers["content-length"]).toBe("17");
  });

  it("is sent again to the next one", async () => {
    await using bad = await createFakeUpstream({ reply: fail(500) });
    await using good = await createFakeUpstream({ reply: page("application/json", "{}") });
    await using under = openGateway([bad, good]);
    const got = await forward(under.gateway, {
      path: "/audio/transcriptions",
      headers: { "content-type": "multipart/form-data; boundary=x" },
      body: { stream: toSource(["ab", "cd"]) },
    });
    expect(got.status).toBe(200);
    expect(good.calls[0]?.bodyText).toBe("abcd");
  });

  it("is not sent again when more of it has been read than is kept", async () => {
    const piece = "x".repeat(256 * 1024);
    await using bad = await createFakeUpstream({ reply: fail(500) });
    await using good = await createFakeUpstream();
    await using under = openGateway([bad, good]);
    const got = await forward(under.gateway, {
      path: "/files",
      headers: { "content-type": "application/octet-stream" },
      body: { stream: toSource(Array.from({ length: 8 }, () => piece)) },
    });
    expect(got.result.error?.code).toBe("upstream_unavailable");
    expect(good.calls).toHaveLength(0);
  });
});

describe("fallback models", () => {
  it("are asked when the first has nobody, and are named in the answer", async () => {
    await using big = await createFakeUpstream({ reply: answer(["ok"]) });
    await using small = await createFakeUpstream({
      reply: fail(400, { error: { message: "too long", code: "context_length_exceeded" } }),
    });
    await using second = await createFakeUpstream();
    await using under = openGateway([
      toUpstream(small, { models: ["small"] }),
      toUpstream(second, { models: ["small"] }),
      toUpstream(big, { models: ["big"] }),
    ]);
    const got = await forward(under.gateway, { body: { ...question, model: "small", fallbacks: ["big"] } });
    expect(got.result).toMatchObject({ error: undefined, textChars: 2 });
    expect(big.calls[0]?.body).toMatchObject({ model: "big" });
    expect(big.calls[0]?.body).not.toHaveProperty("fallbacks");
    // The same model would read no more anywhere.
    expect(second.calls).toHaveLength(0);
  });

  it("may come from the configuration", async () => {
    await using other = await createFakeUpstream({ reply: answer(["ok"]) });
    await using under = openGateway([toUpstream(other, { models: ["other"] })], {
      fallbacks: { gone: ["other"] },
    });
    const got = await forward(under.gateway, { body: { ...question, model: "gone" } });
    expect(got.result.error).toBeUndefined();
  });
});
