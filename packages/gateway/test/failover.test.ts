import {
  answer,
  comment,
  createBlackHole,
  createFakeUpstream,
  cut,
  event,
  fail,
  findClosedPort,
  finish,
  head,
  page,
  raw,
  reset,
  role,
  say,
  stall,
  wire,
  type Reply,
} from "@llm-backend/testing/fake-upstream";
import { expect, test } from "vitest";
import type { AttemptOutcome, Upstream } from "../src/index.ts";
import { ask, openGateway, shortClocks, toUpstream } from "./ask-gateway.ts";

const goodText = "from the second";

/** Asks a bad upstream first and a good one second: nothing of the first may show. */
async function askPastFault(
  reply: Reply,
  clocks = {},
): Promise<{ outcome: AttemptOutcome | undefined; ms: number }> {
  await using bad = await createFakeUpstream({ reply });
  await using good = await createFakeUpstream({ reply: answer(goodText) });
  await using under = openGateway([toUpstream(bad, { clocks }), good]);
  const { text, error, batches } = await ask(under.gateway);
  expect(error).toBeUndefined();
  expect(text).toBe(goodText);
  expect(batches).toHaveLength(1);
  expect(under.reports).toHaveLength(2);
  expect(under.reports[1]?.outcome).toBe("done");
  expect(bad.calls[0]?.sequence).toBeLessThan(good.calls[0]?.sequence ?? 0);
  // Whatever was wrong with it, its connection does not stay behind.
  await bad.calls[0]?.answered;
  return { outcome: under.reports[0]?.outcome, ms: under.reports[0]?.totalMs ?? Number.NaN };
}

const errorBody = (message: string, code?: string) => ({ error: { message, type: "some_error", code } });

const faults: readonly (readonly [string, Reply, AttemptOutcome])[] = [
  ["U05: a key that is not accepted (401)", fail(401), "auth"],
  ["U05: a key that is not accepted (403)", fail(403), "auth"],
  [
    "U05: a key that is not accepted (400, in words)",
    fail(400, errorBody("Incorrect API key provided")),
    "auth",
  ],
  ["U07: 429", fail(429, errorBody("slow down"), { "retry-after": "1" }), "rate_limited"],
  ["U08: an empty account", fail(429, errorBody("no money", "insufficient_quota")), "quota"],
  ["U08: an empty account (402)", fail(402, errorBody("Insufficient Balance")), "quota"],
  ["U09: 500", fail(500), "server_error"],
  ["U09: 502 with a page", page("text/html", "<html>Bad gateway</html>", 502), "server_error"],
  ["U09: 503", fail(503), "overloaded"],
  ["U09: 504", fail(504), "server_error"],
  ["U10: 529", fail(529), "overloaded"],
  ["U12: silence instead of a head", { steps: [stall()] }, "first_byte_timeout"],
  ["U13: silence after the head", { steps: [head(), stall()] }, "first_token_timeout"],
  ["U13: silence after a role", { steps: [role(), comment(), stall()] }, "first_token_timeout"],
  ["U15: RST before a head", { steps: [reset()] }, "reset"],
  ["U16: FIN before a head", { steps: [cut()] }, "reset"],
  ["U16: FIN after a role", { steps: [role(), cut()] }, "truncated"],
  ["U17: an EOF-delimited body cut after a role", { framing: "eof", steps: [role()] }, "protocol_error"],
  ["U19: an error as the first event of a 200", { steps: [event(errorBody("boom"))] }, "error_in_stream"],
  ["U19: an error after a role", { steps: [role(), event(errorBody("boom")), finish()] }, "error_in_stream"],
  ["U19: an event named error", { steps: [role(), event({ message: "boom" }, "error")] }, "error_in_stream"],
  [
    "U19: a finish reason that is an error",
    { steps: [role(), finish({ reason: "error" })] },
    "error_in_stream",
  ],
  [
    "U20: a frame that is no JSON",
    { steps: [raw('data: {"choices":[{"del\n\n'), finish()] },
    "protocol_error",
  ],
  ["U25: an endless line before content", { steps: [raw(`data: ${"x".repeat(3e6)}`), stall()] }, "too_large"],
  [
    "U28: a compressed answer",
    { headers: { "content-encoding": "gzip" }, steps: [say("x")] },
    "protocol_error",
  ],
  ["U29: an HTML page", page("text/html", "<!doctype html><title>Welcome</title>"), "protocol_error"],
  ["U29: an HTML page that calls itself a stream", page("text/event-stream", "\n<html>"), "protocol_error"],
  ["U29: JSON that is no answer", page("application/json", '{"status":"ok"}'), "protocol_error"],
  ["U29: broken JSON", page("application/json", '{"choices":'), "protocol_error"],
  [
    "U29: an error in a JSON body with status 200",
    page("application/json", '{"error":"boom"}'),
    "error_in_stream",
  ],
  ["U29: an empty body", { steps: [] }, "protocol_error"],
  ["U29: 204", { status: 204, framing: "eof", steps: [head()] }, "protocol_error"],
  [
    "U29: a stream of nothing but [DONE]",
    { steps: [finish({ reason: null, usage: null })] },
    "protocol_error",
  ],
  [
    "U31: a head of a megabyte",
    { headers: { "x-big": "x".repeat(1e6) }, steps: [say("x")] },
    "protocol_error",
  ],
  [
    "U31: 10,000 headers",
    { headers: { "x-many": Array.from({ length: 10_000 }, () => "1") }, steps: [say("x")] },
    "protocol_error",
  ],
  ["bytes that are no HTTP", { steps: [wire("nonsense\r\n\r\n"), cut()] }, "protocol_error"],
  ["a model that the upstream does not have", fail(404, errorBody("no", "model_not_found")), "rejected"],
  ["a base URL that leads nowhere", page("text/plain", "404 page not found", 404), "protocol_error"],
];

for (const [name, reply, outcome] of faults) {
  test(`${name}: the next upstream answers and nothing shows`, async () => {
    const clocks = outcome.endsWith("_timeout") ? shortClocks : {};
    expect((await askPastFault(reply, clocks)).outcome).toBe(outcome);
  });
}

test("U12, U13: the clocks end an attempt when they say", async () => {
  for (const steps of [[stall()], [head(), stall()]]) {
    const { ms } = await askPastFault({ steps }, shortClocks);
    expect(ms).toBeGreaterThanOrEqual(shortClocks.firstByteMs - 5);
    expect(ms).toBeLessThan(1000);
  }
});

test("U12: closes the socket of the upstream that kept silent", async () => {
  await using bad = await createFakeUpstream({ reply: { steps: [stall()] } });
  await using good = await createFakeUpstream();
  await using under = openGateway([toUpstream(bad, { clocks: shortClocks }), good]);
  await ask(under.gateway);
  expect((await (await bad.nextCall()).closed).by).toBe("client");
});

test("U13: pings and roles do not put off the first token", async () => {
  const drip = async function* () {
    for (;;) {
      yield role();
      yield comment();
      yield { do: "wait", ms: 20 } as const;
    }
  };
  expect((await askPastFault({ steps: drip() }, shortClocks)).outcome).toBe("first_token_timeout");
});

test("U27: a head that drips does not put off the first byte", async () => {
  const drip = async function* () {
    yield wire("HTTP/1.1 200 OK\r\n");
    for (;;) {
      yield wire("x: y\r\n");
      yield { do: "wait", ms: 20 } as const;
    }
  };
  expect((await askPastFault({ steps: drip() }, shortClocks)).outcome).toBe("first_byte_timeout");
});

test("U01: a refused connection costs less than 50 ms", async () => {
  await using good = await createFakeUpstream({ reply: answer(goodText) });
  await using under = openGateway([`http://127.0.0.1:${await findClosedPort()}`, good]);
  for (let count = 0; count < 5; count++) expect((await ask(under.gateway)).text).toBe(goodText);
  const refused = under.reports.filter(({ outcome }) => outcome !== "done");
  expect(refused).toHaveLength(5);
  expect(refused[0]).toMatchObject({ outcome: "connect_failed", message: "ECONNREFUSED", status: undefined });
  // The quickest: a busy machine makes any of them wait.
  expect(Math.min(...refused.map(({ totalMs }) => totalMs))).toBeLessThan(50);
});

test("U02: a black hole costs the time to connect", async () => {
  await using hole = await createBlackHole();
  await using good = await createFakeUpstream({ reply: answer(goodText) });
  await using under = openGateway([toUpstream(hole.url, { clocks: { connectMs: 60 } }), good]);
  expect((await ask(under.gateway)).text).toBe(goodText);
  expect(under.reports[0]?.outcome).toBe("connect_timeout");
  expect(under.reports[0]?.totalMs).toBeLessThan(1000);
});

test("U03: a name that does not resolve, or never answers, is passed by", async () => {
  await using good = await createFakeUpstream({ reply: answer(goodText) });
  const lookup = (
    host: string,
    _: unknown,
    callback: (error: Error | null, address: string, family: number) => void,
  ) => {
    if (host === "gone.test") callback(Object.assign(new Error("not found"), { code: "ENOTFOUND" }), "", 0);
  };
  await using under = openGateway(
    ["http://gone.test", toUpstream("http://mute.test", { clocks: { connectMs: 40 } }), good],
    {
      connecting: { lookup },
    },
  );
  expect((await ask(under.gateway)).text).toBe(goodText);
  expect(under.reports.map(({ outcome }) => outcome)).toEqual(["connect_failed", "connect_timeout", "done"]);
});

for (const status of [301, 302, 307, 308]) {
  test(`U30: a redirect (${status}) is not followed`, async () => {
    await using target = await createFakeUpstream();
    await using good = await createFakeUpstream({ reply: answer(goodText) });
    await using bad = await createFakeUpstream({
      reply: fail(status, {}, { location: `${target.url}/chat/completions` }),
    });
    await using under = openGateway([bad, good]);
    expect((await ask(under.gateway)).text).toBe(goodText);
    expect(target.calls).toHaveLength(0);
    expect(under.reports[0]).toMatchObject({ outcome: "protocol_error", status });
  });
}

for (const status of [400, 404, 413, 422]) {
  test(`U06: what the request itself is to blame for (${status}) is told after one attempt`, async () => {
    await using first = await createFakeUpstream({
      reply: fail(status, errorBody("temperature must be below 2")),
    });
    await using second = await createFakeUpstream();
    await using under = openGateway([first, second]);
    const { error } = await ask(under.gateway);
    expect(error).toMatchObject({
      code: "upstream_rejected",
      message: "temperature must be below 2",
      details: { upstreamStatus: status },
    });
    expect(second.calls).toHaveLength(0);
    expect(under.reports.map(({ outcome }) => outcome)).toEqual(["rejected"]);
  });
}

test("recognises a prompt that is too long, and asks nobody else", async () => {
  await using first = await createFakeUpstream({
    reply: fail(
      400,
      errorBody("This model's maximum context length is 8192 tokens.", "context_length_exceeded"),
    ),
  });
  await using second = await createFakeUpstream();
  await using under = openGateway([first, second]);
  expect((await ask(under.gateway)).error?.code).toBe("context_too_long");
  expect(second.calls).toHaveLength(0);
});

test("recognises a prompt that is too long inside of a stream", async () => {
  await using upstream = await createFakeUpstream({
    reply: { steps: [role(), event(errorBody("too long", "context_length_exceeded"))] },
  });
  await using under = openGateway([upstream]);
  expect((await ask(under.gateway)).error?.code).toBe("context_too_long");
});

const exhausted: readonly (readonly [string, readonly Reply[], object])[] = [
  ["every key is refused", [fail(401), fail(403)], { code: "upstream_auth" }],
  [
    "U07: all limit the rate: with the shortest wait",
    [fail(429, {}, { "retry-after": "7" }), fail(429, {}, { "retry-after-ms": "2500" })],
    { code: "upstream_rate_limited", details: { retryAfterMs: 2500, upstreamStatus: 429 } },
  ],
  [
    "U11: a wait beyond reason is a minute",
    [fail(429, {}, { "retry-after": "1000000000000" })],
    { code: "upstream_rate_limited", details: { retryAfterMs: 60_000, upstreamStatus: 429 } },
  ],
  [
    "every account is empty",
    [fail(429, errorBody("x", "insufficient_quota"))],
    { code: "upstream_rate_limited", message: "The quota at the model's provider is used up." },
  ],
  [
    "none answers in time",
    [{ steps: [stall()] }, { steps: [head(), stall()] }],
    { code: "upstream_timeout" },
  ],
  [
    "each fails in another way",
    [fail(401), fail(429), { steps: [reset()] }],
    { code: "upstream_unavailable" },
  ],
  [
    "none has the model",
    [fail(404, errorBody("The model `x` does not exist", "model_not_found"))],
    { code: "model_not_found", message: "No upstream serves the model “fake-model”." },
  ],
  ["all are down", [fail(500), fail(503), { steps: [reset()] }], { code: "upstream_unavailable" }],
];

for (const [name, replies, expected] of exhausted) {
  test(`tells the most when ${name}`, async () => {
    await using upstreams = new AsyncDisposableStack();
    const clocks = name.includes("in time") ? shortClocks : {};
    const candidates: Upstream[] = [];
    for (const reply of replies)
      candidates.push(toUpstream(upstreams.use(await createFakeUpstream({ reply })), { clocks }));
    await using under = openGateway(candidates);
    expect((await ask(under.gateway)).error).toMatchObject(expected);
    expect(under.reports).toHaveLength(replies.length);
  });
}

test("tells nobody the key, the host or the body of an upstream", async () => {
  const key = "canary-5f1e9a7c33d04b-secret";
  await using upstream = await createFakeUpstream({
    reply: fail(
      400,
      errorBody(`Bad key ${key} (canary-5f1e*****cret) at http://127.0.0.1/x, see 127.0.0.1:99`),
    ),
  });
  await using under = openGateway([toUpstream(upstream, { keys: [key] })]);
  const { error } = await ask(under.gateway);
  const shown = JSON.stringify([error?.message, error?.details, String(error?.cause), under.reports]);
  expect(shown).not.toMatch(/canary|5f1e9a|127\.0\.0\.1/);
  expect(under.reports[0]?.keyLast4).toBe("cret");
  expect(error?.message).toBe("Bad key [key] ([key]) at [link] see [host]");
});

test("a key that no header can hold is the key's fault, not a crash", async () => {
  await using upstream = await createFakeUpstream();
  await using under = openGateway([toUpstream(upstream, { keys: ["line\nbreak-key"] })]);
  expect((await ask(under.gateway)).error?.code).toBe("upstream_auth");
  expect(upstream.calls).toHaveLength(0);
});
