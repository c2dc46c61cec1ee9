import {
  answer,
  answerAsAsked,
  completion,
  cut,
  finish,
  raw,
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
import { setFaultStage, silent, type FaultStage } from "./fault-stage.ts";
import { isFullSize } from "./full-size.ts";
import { goodText, judgeFace } from "./judge-fault.ts";
import { judge, judgeAftermath, judgeChat, judgeEnding, judgeText } from "./oracle.ts";
import { everyNth, sideBySide } from "./side-by-side.ts";

const pieces = ["Ru", "st ", "is ", "fast: ", "好", " 😀", "!"];
const said = pieces.join("");

/** The ends of a connection that are none of an answer. */
const ends: readonly (readonly [string, string, Step])[] = [
  ["U14", "stalls", stall()],
  ["U15", "is reset", reset()],
  ["U16", "is closed", cut()],
  ["U16", "ends although it says no end", cut({ terminated: true })],
];

describe.each(ends)(
  "%s: the upstream's connection %s mid-stream, and nobody else is there",
  (id, _what, end) => {
    it(`${id}: the stream ends with an error behind what came, after any number of pieces`, async () => {
      for (let count = 1; count <= pieces.length; count += isFullSize ? 1 : 3) {
        const begun = pieces.slice(0, count);
        await using stage = await setFaultStage({
          // What a reset overtakes is lost to any reader: let it be read first.
          upstreams: [{ steps: [role(), say(begun, { apart: true }), wait(30), end] }],
          entries: [silent],
        });
        const heard = await stage.ask();
        expect(await judge(stage, heard, begun.join(""))).toBe("broken");
        expect(heard.text).toBe(begun.join(""));
        expect(heard.errors[0]?.code).toBe(id === "U14" ? "upstream_timeout" : "answer_truncated");
      }
    });

    it(`${id}: in a conversation what came is kept, and is not called whole`, async () => {
      await using stage = await setFaultStage({
        upstreams: [{ steps: [role(), say(pieces, { apart: true }), wait(30), end] }],
        entries: [silent],
      });
      const told = await askChat(stage.backend);
      expect(await judgeChat(stage, told, said)).toBe("broken");
      expect(told.text).toBe(said);
    });

    it(`${id}: in one piece, another one is asked, since nothing has gone to the caller`, async () => {
      const whole = renderJson();
      const begun = whole.subarray(0, whole.length / 2);
      const headers = { "content-type": "application/json", "content-length": String(whole.length) };
      const reply: Reply = {
        headers: { ...headers, "transfer-encoding": null },
        framing: "eof",
        keepAlive: true,
        steps: [raw(begun), end],
      };
      await using stage = await setFaultStage({
        upstreams: [reply, answerAsAsked(goodText)],
        entries: [silent],
      });
      expect((await judgeFace(stage, "whole", goodText)).verdict).toBe("whole");
    });
  },
);

function renderJson(): Buffer {
  return renderBody(completion(said).steps as readonly Step[]);
}

const body = renderBody([role(), say(pieces), finish()]);
const framings = ["chunked", "length", "eof"] as const;

/** Where a call wants to be cut: its model's name says it. */
const readOffset = (call: Call): number => Number((call.body as { model: string }).model.replace("cut-", ""));

/** The text of the events that are complete before this offset. */
function textUpTo(offset: number): string {
  const events = body.subarray(0, offset).toString().split("\n\n").slice(0, -1);
  return events.map((one) => /"content":"([^"]*)"/.exec(one)?.[1] ?? "").join("");
}

type CutAt = {
  readonly offset: number;
  readonly how: "FIN" | "RST";
  readonly framing: Reply["framing"];
  readonly keepAlive: boolean;
};

function toReply({ offset, how, framing = "chunked", keepAlive }: CutAt): Reply {
  const rest = framing === "length" ? [raw(body.subarray(offset))] : [];
  const end = how === "FIN" ? cut() : reset();
  // What a reset overtakes is lost to any reader: let it be read first.
  return {
    framing,
    keepAlive,
    steps: [raw(body.subarray(0, offset)), ...(how === "RST" ? [wait(3)] : []), end, ...rest],
  };
}

describe("U15, U16, U17: every way to cut, at offsets all over an answer", () => {
  let stage: FaultStage;
  const calm = { failures_in_a_row: 10_000, requests_min: 100_000 };
  beforeAll(async () => {
    stage = await setFaultStage({
      upstreams: [answer(said)],
      config: {
        gateway: { breaker: calm, retry: { budget_min: 0, budget_percent: 0 } },
      },
    });
  });
  afterAll(() => stage[Symbol.asyncDispose]());

  const ways = framings.flatMap((framing) =>
    [true, false].flatMap((keepAlive) =>
      (["FIN", "RST"] as const).map((how) => ({ framing, keepAlive, how })),
    ),
  );
  const offsets = everyNth(isFullSize ? 1 : 61, body.length);

  it.each(ways)(
    "U15, U16, U17: $how, $framing, keep-alive $keepAlive: no cut passes for an end",
    async (way) => {
      stage.upstreams[0]?.setReply((call) => toReply({ ...way, offset: readOffset(call) }));
      await sideBySide(offsets, async (offset) => {
        const heard = await stage.ask({ model: `cut-${offset}` });
        const verdict = judgeEnding(heard, stage.secrets);
        judgeText(heard.text, said, verdict);
        // A finish reason is an end, even if what follows it is lost.
        if (verdict === "whole") expect(offset).toBeGreaterThan(body.indexOf('"finish_reason":"stop"'));
        if (verdict === "refused") expect(textUpTo(offset)).toBe("");
        if (way.how === "FIN" && verdict === "broken") expect(heard.text).toContain(textUpTo(offset));
      });
      await judgeAftermath(stage);
    },
    300_000,
  );
});
