import {
  comment,
  createFakeUpstream,
  createHandDrivenReply,
  cut,
  event,
  finish,
  raw,
  renderBody,
  reset,
  role,
  say,
  stall,
  startFakeUpstreamProcess,
  wait,
  type Reply,
  type Step,
} from "@llm-backend/testing/fake-upstream";
import { expect, test } from "vitest";
import { ask, openGateway, startAsking, toUpstream, type Asked } from "./ask-gateway.ts";

type Ended = Asked & { readonly reported: string | undefined };

/** Asks one upstream with a second behind it that must not be asked. */
async function askOne(reply: Reply, clocks: object = {}): Promise<Ended> {
  await using upstream = await createFakeUpstream({ reply });
  await using second = await createFakeUpstream();
  await using under = openGateway([toUpstream(upstream, { clocks }), second]);
  const asked = await ask(under.gateway);
  expect(second.calls).toHaveLength(0);
  expect(under.reports).toHaveLength(1);
  return { ...asked, reported: under.reports[0]?.outcome };
}

const pieces = ["Ru", "st ", "is ", "a ", "language"];

test("U14: an answer that stalls ends as a timeout, after any number of pieces", async () => {
  for (let count = 1; count <= pieces.length; count++) {
    const sent = pieces.slice(0, count);
    const { text, error, reported } = await askOne({ steps: [role(), say(sent), stall()] }, { idleMs: 40 });
    expect([text, error?.code, reported]).toEqual([sent.join(""), "upstream_timeout", "idle_timeout"]);
  }
});

test("U14: what comes in time, however slowly, is not idle", async () => {
  const slow = pieces.flatMap((piece): Step[] => [say(piece), wait(50), comment(), wait(50)]);
  const { text, outcome } = await askOne({ steps: [...slow, finish()] }, { idleMs: 400 });
  expect(text).toBe(pieces.join(""));
  expect(outcome?.finishReason).toBe("stop");
});

test("P23: what arrived while this process was busy counts as in time", async () => {
  await using upstream = await startFakeUpstreamProcess({ tokens: 50, tokensPerSecond: 100 });
  await using under = openGateway([toUpstream(upstream.url, { clocks: { idleMs: 150 } })]);
  const asking = startAsking(under.gateway, {
    onFirst: () => {
      // In an immediate, because timers come next in a turn of the event loop, before sockets.
      setImmediate(() => {
        const busyUntil = performance.now() + 250;
        while (performance.now() < busyUntil);
      });
    },
  });
  expect((await asking.done).outcome?.finishReason).toBe("stop");
});

const whole = renderBody([role(), say(pieces), finish()]);
const firstContent = whole.indexOf('"content":"Ru"') + '"content":"Ru"'.length;
const finishReason = whole.indexOf('"finish_reason":"stop"');

for (const keepAlive of [true, false]) {
  for (const [how, end, framing] of [
    ["FIN", cut(), "chunked"],
    ["FIN", cut(), "length"],
    ["FIN", cut(), "eof"],
    ["RST", reset(), "chunked"],
  ] as const) {
    const name = `${how}, ${framing}, ${keepAlive ? "keep-alive" : "close"}`;
    test(`U15, U16, U17: no cut passes for an end (${name}), at any offset`, async () => {
      await using upstream = await createFakeUpstream();
      await using under = openGateway([upstream], { clocks: { idleMs: 5000 } });
      for (let offset = 1; offset < whole.length; offset += 23) {
        const rest = framing === "length" ? [raw(whole.subarray(offset))] : [];
        upstream.enqueue({
          framing,
          keepAlive,
          steps: [raw(whole.subarray(0, offset)), wait(`cut ${offset}`), end, ...rest],
        });
        const asking = startAsking(under.gateway);
        // What a reset overtakes is lost to any reader: let it be read first.
        if (how === "RST" && offset > firstContent + 100) await asking.untilText(textUpTo(offset));
        upstream.open(`cut ${offset}`);
        const { text, outcome, error } = await asking.done;
        expect(pieces.join("").startsWith(text)).toBe(true);
        const mayBeWhole = offset > finishReason && text === pieces.join("");
        const broken = text === "" ? "upstream_unavailable" : "answer_truncated";
        expect(outcome === undefined ? error?.code : mayBeWhole).toBe(outcome === undefined ? broken : true);
      }
    });
  }
}

/** The text of the events that are complete before this offset. */
function textUpTo(offset: number): string {
  const events = whole.subarray(0, offset).toString().split("\n\n").slice(0, -1);
  return events.map((one) => /"content":"([^"]*)"/.exec(one)?.[1] ?? "").join("");
}

test("U18: a finish reason without [DONE] is an end", async () => {
  const { text, outcome, reported } = await askOne({ steps: [say(pieces), finish({ done: false })] });
  expect([text, outcome?.finishReason, reported]).toEqual([pieces.join(""), "stop", "done"]);
  expect(outcome?.usage).toEqual({ promptTokens: 11, completionTokens: 7 });
});

test("U18: a finish reason is an end even if the connection is lost right after it", async () => {
  for (const end of [cut(), reset(), stall()]) {
    const steps = [say(pieces), finish({ done: false }), wait(10), end];
    const { text, outcome } = await askOne({ steps }, { idleMs: 60 });
    expect([text, outcome?.finishReason]).toEqual([pieces.join(""), "stop"]);
  }
});

test("U18: a finish reason that comes with a piece is an end only if the body ends too", async () => {
  const last = event({ choices: [{ delta: { content: "x" }, finish_reason: "stop" }] });
  expect((await askOne({ steps: [last] })).outcome?.finishReason).toBe("stop");
  for (const end of [cut(), stall()])
    expect((await askOne({ steps: [last, end] }, { idleMs: 60 })).error).toBeDefined();
});

test("U18: [DONE] without a finish reason is an end, called stop", async () => {
  const { text, outcome } = await askOne({ steps: [say(pieces), finish({ reason: null, usage: null })] });
  expect([text, outcome?.finishReason, outcome?.usage]).toEqual([pieces.join(""), "stop", undefined]);
});

test("U18: neither of them is no end, however cleanly the body ends", async () => {
  for (const framing of ["chunked", "length", "eof"] as const) {
    const { text, error, reported } = await askOne({ framing, steps: [say(pieces)] });
    expect([text, error?.code, reported]).toEqual([pieces.join(""), "answer_truncated", "truncated"]);
  }
});

test("U18: usage that comes after the finish reason is waited for", async () => {
  const hand = createHandDrivenReply();
  await using upstream = await createFakeUpstream({ reply: hand.reply });
  await using under = openGateway([upstream]);
  const asking = startAsking(under.gateway);
  hand.push(say("x"), finish({ usage: null, done: false }));
  await asking.untilText("x");
  hand.push(finish({ reason: null }));
  hand.end();
  expect((await asking.done).outcome?.usage).toEqual({ promptTokens: 11, completionTokens: 7 });
});

test("U19: an error after content ends the answer as broken", async () => {
  for (const error of [
    event({ error: { message: "boom", code: 500 } }),
    event({ message: "boom" }, "error"),
    event({ choices: [{ delta: {}, finish_reason: "error" }] }),
  ]) {
    const asked = await askOne({ steps: [say(pieces), error, finish()] });
    expect([asked.text, asked.error?.code, asked.reported]).toEqual([
      pieces.join(""),
      "answer_truncated",
      "error_in_stream",
    ]);
    expect(asked.error?.message).not.toContain("boom");
  }
});

test("U20: a frame that cannot be parsed after content ends the answer as broken, since text is lost", async () => {
  const asked = await askOne({
    steps: [say(pieces), raw('data: {"choices":[{"delta":{"content":"lost\n\n'), finish()],
  });
  expect([asked.text, asked.error?.code, asked.reported]).toEqual([
    pieces.join(""),
    "answer_truncated",
    "protocol_error",
  ]);
});

test("U25: an event of 10 MB ends the answer, with little memory and time", async () => {
  const big = Buffer.alloc(10_000_000, "x");
  const started = process.cpuUsage();
  const { text, error, reported } = await askOne({ steps: [say(pieces), raw("data: "), raw(big), stall()] });
  const { user, system } = process.cpuUsage(started);
  expect([text, error?.code, reported]).toEqual([pieces.join(""), "answer_truncated", "too_large"]);
  expect(user + system).toBeLessThan(1e6);
});

test("U26: an answer that never ends is ended at its limit, and its socket closed", async () => {
  const endless = async function* () {
    for (;;) yield say("x".repeat(1000));
  };
  await using upstream = await createFakeUpstream({ reply: { steps: endless() } });
  await using under = openGateway([upstream], { limits: { answerBytesMax: 50_000 } });
  const { text, error } = await ask(under.gateway);
  expect(error?.code).toBe("answer_truncated");
  expect(under.reports[0]?.outcome).toBe("too_large");
  expect(text.length).toBeGreaterThan(50_000);
  expect(text.length).toBeLessThan(500_000);
  expect((await (await upstream.nextCall()).closed).by).toBe("client");
});

test("U26: an answer that takes too long is ended, however steadily it comes", async () => {
  const endless = async function* () {
    for (;;) {
      yield say("x");
      yield wait(5);
    }
  };
  await using upstream = await createFakeUpstream({ reply: { steps: endless() } });
  await using under = openGateway([upstream], { limits: { answerMsMax: 100 } });
  expect((await ask(under.gateway)).error?.code).toBe("answer_truncated");
  expect(under.reports[0]?.outcome).toBe("too_large");
});

test("U27: an answer that comes byte by byte is the same answer", async () => {
  const text = "Zeichen für Zeichen 字 😀";
  const { text: read, outcome } = await askOne({
    splitAt: "every-byte",
    steps: [role(), say([text]), finish({ usage: null })],
  });
  expect([read, outcome?.finishReason]).toEqual([text, "stop"]);
});
