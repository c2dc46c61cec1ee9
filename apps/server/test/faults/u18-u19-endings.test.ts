import {
  answer,
  answerAsAsked,
  cut,
  event,
  finish,
  page,
  reset,
  role,
  say,
  stall,
  think,
  wait,
  type Reply,
  type Step,
} from "@llm-backend/testing";
import { describe, expect, it } from "vitest";
import { setFaultStage, silent } from "./fault-stage.ts";
import { goodText, judgeAlone, judgeFace, judgePast } from "./judge-fault.ts";

const pieces = ["Ru", "st ", "is fast"];
const said = pieces.join("");
const begun = [role(), say(pieces)];
const streamed = ["stream", "chat"] as const;

const endings: readonly (readonly [string, readonly Step[], "whole" | "broken"])[] = [
  ["a finish reason and [DONE]", [finish()], "whole"],
  ["a finish reason, no [DONE]", [finish({ done: false })], "whole"],
  ["[DONE], no finish reason", [finish({ reason: null, usage: null })], "whole"],
  ["usage and [DONE], no finish reason", [finish({ reason: null })], "whole"],
  ["neither", [], "broken"],
  ["usage, but neither", [finish({ reason: null, done: false })], "broken"],
  ["a finish reason, and the connection is lost", [finish({ done: false }), wait(10), reset()], "whole"],
  ["a finish reason, and it is closed", [finish({ done: false }), cut()], "whole"],
  ["a finish reason, and silence", [finish({ done: false }), stall()], "whole"],
  ["[DONE], and silence", [finish(), stall()], "whole"],
  ["two finish reasons", [finish({ done: false, usage: null }), finish()], "whole"],
  ["two [DONE]", [finish(), finish({ reason: null, usage: null })], "whole"],
  ["text behind [DONE]", [finish(), say(" and more")], "whole"],
];

describe.each(endings)("U18: the upstream's answer ends with %s", (_what, end, expected) => {
  it.each(streamed)(`U18: it is ${expected} (%s)`, async (face) => {
    await using stage = await setFaultStage({
      upstreams: [{ steps: [...begun, ...end] }],
      entries: [silent],
    });
    const { verdict, text, heard } = await judgeFace(stage, face, said);
    expect([verdict, text]).toEqual([expected, said]);
    if (verdict === "whole" && heard !== undefined) expect(heard.finishReasons).toEqual(["stop"]);
  });
});

describe("U18: an answer with an end and without any text", () => {
  it.each([
    ["a role before it", [role(), finish()]],
    ["nothing before it", [finish()]],
    ["a filter's reason", [role(), finish({ reason: "content_filter" })]],
  ] as const)("U18: is whole and empty, or another one answers (%s)", async (_what, steps) => {
    await using stage = await setFaultStage({ upstreams: [{ steps: [...steps] }, { steps: [...steps] }] });
    const { verdict, heard } = await judgeFace(stage, "stream", "");
    expect(["whole", "refused"]).toContain(verdict);
    expect(heard?.body).not.toBe("");
  });
});

describe("U18: an answer without an end, and another upstream", () => {
  it.each(["chunked", "length", "eof"] as const)(
    "U18: it goes on there, however clean the end (%s)",
    async (framing) => {
      await using stage = await setFaultStage({
        upstreams: [{ framing, steps: [role(), say(pieces.slice(0, 2))] }, answer(said)],
      });
      for (const face of streamed) expect((await judgeFace(stage, face, said)).verdict).toBe("whole");
    },
  );
});

const boom = { error: { message: "boom", type: "server_error", code: 500 } };
const errors: readonly (readonly [string, Step])[] = [
  ["an error object", event(boom)],
  ["an error in words", event({ error: "boom" })],
  ["an event named error", event({ message: "boom" }, "error")],
  ["a finish reason that is an error", finish({ reason: "error" })],
  ["an error of the Responses API", event({ type: "error", message: "boom", code: "server_error" }, "error")],
];

describe.each(errors)("U19: a stream of status 200 says %s", (_what, error) => {
  const before: readonly (readonly [string, readonly Step[]])[] = [
    ["as its first event", []],
    ["behind a role", [role()]],
    ["behind a piece without text", [role(), event({ choices: [] }), say("")]],
  ];
  for (const [where, steps] of before) {
    it(`U19: ${where}: another one answers`, async () => {
      const upstream: Reply = { steps: [...steps, error, finish()] };
      for (const face of streamed) await judgePast({ upstream, outcome: "error_in_stream" }, face);
    });
  }

  it("U19: all say so: the caller is told in our words", async () => {
    const refusal = { status: 502, code: "upstream_unavailable" };
    const { heard } = await judgeAlone({ upstream: { steps: [role(), error] } }, "stream", refusal);
    expect(heard?.body).not.toContain("boom");
  });

  it.each(streamed)(
    "U19: behind content: what came is kept, and the end is an error of ours (%s)",
    async (face) => {
      for (const last of [[error], [error, finish()], [error, say("and more"), finish()]]) {
        await using stage = await setFaultStage({ upstreams: [{ steps: [...begun, ...last] }] });
        const { verdict, text, heard } = await judgeFace(stage, face, said);
        expect([verdict, text]).toEqual(["broken", said]);
        expect(heard?.body ?? "").not.toContain("boom");
      }
    },
  );
});

describe("U19: an answer of status 200 in one piece is an error", () => {
  it.each([JSON.stringify(boom), '{"error":"boom"}'])("U19: another one answers (%s)", async (text) => {
    const upstream = page("application/json", text);
    await judgePast({ upstream, outcome: "error_in_stream" }, "whole");
    await judgePast({ upstream, outcome: "error_in_stream" }, "stream");
  });

  it("U19: behind reasoning another one answers or goes on, but nothing is doubled", async () => {
    await using stage = await setFaultStage({
      upstreams: [{ steps: [role(), think("Hm."), event(boom)] }, answerAsAsked(goodText)],
    });
    const { verdict } = await judgeFace(stage, "stream", goodText);
    expect(["whole", "broken"]).toContain(verdict);
  });
});
