import {
  answer,
  asksForStream,
  continuing,
  cut,
  event,
  fail,
  finish,
  raw,
  readPrefill,
  renderBody,
  reset,
  role,
  say,
  stall,
  wait,
  type Call,
  type Reply,
  type Step,
} from "@llm-backend/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { askChat } from "./chat-caller.ts";
import { setFaultStage, silent, type FaultStage, type StageUpstream } from "./fault-stage.ts";
import { isFullSize } from "./full-size.ts";
import { judge, judgeAftermath, judgeChat, judgeEnding, judgeText, type Verdict } from "./oracle.ts";
import { everyNth, sideBySide } from "./side-by-side.ts";

const pieces = ["Ru", "st ", "is ", "fast: ", "好", " 😀", "!"];
const said = pieces.join("");
const begun = pieces.slice(0, 4);

const breaks: readonly (readonly [string, string, Step])[] = [
  ["U14", "stalls", stall()],
  ["U15", "is reset", reset()],
  ["U16", "is closed", cut()],
  ["U16", "ends although it says no end", cut({ terminated: true })],
  ["U19", "says an error", event({ error: { message: "boom" } })],
];

const breaking = (end: Step, said_: readonly string[] = begun): Reply => ({
  steps: [role(), say(said_, { apart: true }), wait(30), end],
});

const off = { gateway: { midstream: "off" } };

/** Asks upstreams of which the first breaks, and judges what the caller made of it. */
async function judgeRescue(
  upstreams: readonly StageUpstream[],
  config: Readonly<Record<string, unknown>> = {},
): Promise<{
  verdict: Verdict;
  text: string;
  calls: number[];
  finish: readonly string[];
  stage: FaultStage;
}> {
  await using stage = await setFaultStage({ upstreams, entries: [silent], config });
  const heard = await stage.ask();
  const verdict = await judge(stage, heard, said);
  const calls = stage.upstreams.map((upstream) => upstream.calls.length);
  return { verdict, text: heard.text, calls, finish: heard.finishReasons, stage };
}

describe.each(breaks)(
  "%s: the upstream's connection %s mid-stream, and there is another",
  (id, _what, end) => {
    it(`${id}: which says the same: the caller sees one whole answer`, async () => {
      for (const repeated of [answer(pieces), answer(said), answer([...said])]) {
        const { verdict, finish: reasons, calls } = await judgeRescue([breaking(end), repeated]);
        expect([verdict, reasons, calls]).toEqual(["whole", ["stop"], [1, 1]]);
      }
    });

    it(`${id}: which says something else: the stream ends with an error`, async () => {
      for (const other of ["Go is fast", "Rust is slow", "Rust", ""]) {
        const { verdict, text } = await judgeRescue([breaking(end), answer(other)]);
        expect([verdict, text]).toEqual(["broken", begun.join("")]);
      }
    });

    it(`${id}: but is not to be asked: the stream ends with an error`, async () => {
      const { verdict, text, calls } = await judgeRescue([breaking(end), answer(said)], off);
      expect([verdict, text, calls]).toEqual(["broken", begun.join(""), [1, 0]]);
    });

    it(`${id}: a conversation shows the new answer, and nothing of two answers mixed`, async () => {
      for (const other of [said, "Go is fast"]) {
        await using stage = await setFaultStage({
          upstreams: [breaking(end), answer(other)],
          entries: [silent],
        });
        const told = await askChat(stage.backend);
        expect(await judgeChat(stage, told, other)).toBe("whole");
      }
    });
  },
);

describe("U14, U15, U16: who is asked to go on", () => {
  it("U15: when the second one breaks too, a third one goes on", async () => {
    const later = breaking(reset(), pieces.slice(0, 6));
    const { verdict, calls } = await judgeRescue([breaking(cut()), later, answer(said)]);
    expect([verdict, calls]).toEqual(["whole", [1, 1, 1]]);
  });

  it("U15: when nobody can, the stream ends with an error", async () => {
    const { verdict, text } = await judgeRescue([breaking(cut()), fail(503), fail(500)]);
    expect([verdict, text]).toEqual(["broken", begun.join("")]);
  });

  it("U15: an upstream that goes on gets what was said, and its answer is joined to it", async () => {
    const { verdict, stage } = await judgeRescue([breaking(cut()), continuing(said)], {
      gateway: { midstream: "continue" },
    });
    expect(verdict).toBe("whole");
    const asked = stage.upstreams[1]?.calls.at(-1) as Call;
    expect(readPrefill(asked)).toBe(begun.join(""));
    expect(asksForStream(asked)).toBe(true);
  });

  it("U15: one that refuses to go on is asked anew, and the caller sees nothing of it", async () => {
    const refusing = (call: Call): Reply =>
      readPrefill(call) === undefined
        ? answer(said)
        : fail(400, { error: { message: "This model does not support assistant message prefill." } });
    const { verdict } = await judgeRescue([breaking(cut()), refusing], {
      gateway: { midstream: "continue" },
    });
    expect(verdict).toBe("whole");
  });

  it("U15: one that begins anew although it was asked to go on doubles nothing", async () => {
    const { verdict, text } = await judgeRescue([breaking(cut()), answer(said)], {
      gateway: { midstream: "continue" },
    });
    if (verdict === "broken") expect(text).toBe(begun.join(""));
  });

  it("U15: reasoning that has been shown is not shown twice", async () => {
    const thinking = [role(), say("Hm.", { as: "reasoning_content" })];
    await using stage = await setFaultStage({
      upstreams: [
        { steps: [...thinking, say(begun), wait(30), cut()] },
        { steps: [...thinking, say(said), finish()] },
      ],
    });
    const heard = await stage.ask();
    const verdict = await judge(stage, heard, said);
    expect([verdict, heard.reasoning]).toEqual([verdict, "Hm."]);
  });
});

const toolPiece = (more: object): Step =>
  event({
    object: "chat.completion.chunk",
    choices: [{ index: 0, delta: { tool_calls: [{ index: 0, ...more }] } }],
  });
const toolCall: readonly Step[] = [
  role(),
  toolPiece({ id: "call_1", type: "function", function: { name: "look_up", arguments: "" } }),
  toolPiece({ function: { arguments: '{"what":' } }),
];

describe("U14, U15, U16: tool calls under way", () => {
  it.each(breaks)(
    "%s: are never glued together: the stream ends with an error (it %s)",
    async (_id, _what, end) => {
      const whole = [
        ...toolCall,
        toolPiece({ function: { arguments: '"x"}' } }),
        finish({ reason: "tool_calls" }),
      ];
      await using stage = await setFaultStage({
        upstreams: [{ steps: [...toolCall, wait(30), end] }, { steps: whole }],
        entries: [silent],
      });
      const heard = await stage.ask();
      expect(await judge(stage, heard, "")).toBe("broken");
      expect(heard.body.match(/"call_1"/g)).toHaveLength(1);
    },
  );
});

describe("U15, U16, U17: cuts at offsets all over an answer, and another one that says the same", () => {
  let stage: FaultStage;
  const calm = { failures_in_a_row: 10_000, requests_min: 100_000 };
  const body = renderBody([role(), say(pieces), finish()]);
  beforeAll(async () => {
    stage = await setFaultStage({
      upstreams: [answer(said), answer(said)],
      config: {
        gateway: { breaker: calm, retry: { budget_min: 10_000, budget_percent: 100 } },
      },
    });
  });
  afterAll(() => stage[Symbol.asyncDispose]());

  const ways = (["chunked", "eof"] as const).flatMap((framing) =>
    [cut(), reset()].map((end) => [framing, end.do, end] as const),
  );
  it.each(ways)(
    "U15, U16, U17: %s, %s: every answer is whole",
    async (framing, _how, end) => {
      stage.upstreams[0]?.setReply((call) => {
        const offset = Number((call.body as { model: string }).model.replace("cut-", ""));
        return { framing, steps: [raw(body.subarray(0, offset)), wait(3), end] };
      });
      await sideBySide(everyNth(isFullSize ? 1 : 59, body.length), async (offset) => {
        const heard = await stage.ask({ model: `cut-${offset}` });
        const verdict = judgeEnding(heard, stage.secrets);
        judgeText(heard.text, said, verdict);
        expect(verdict, `cut at ${offset}`).toBe("whole");
      });
      await judgeAftermath(stage);
    },
    300_000,
  );
});
