import { answerAsAsked, fail, page, type Reply } from "@llm-backend/testing";
import { describe, expect, it } from "vitest";
import { setFaultStage } from "./fault-stage.ts";
import { isFullSize } from "./full-size.ts";
import { faces, goodText, judgeAlone, judgePast, v1Faces, type Refusal } from "./judge-fault.ts";
import { judge, judgeAftermath, judgeEnding } from "./oracle.ts";

const unavailable: Refusal = { status: 502, code: "upstream_unavailable" };
const overloaded: Refusal = { status: 503, code: "upstream_overloaded" };
const late: Refusal = { status: [502, 504], code: ["upstream_unavailable", "upstream_timeout"] };

const errors: readonly (readonly [string, string, Reply, Refusal])[] = [
  ["U09", "500", fail(500), unavailable],
  ["U09", "502 with a page", page("text/html", "<html>Bad gateway</html>", 502), unavailable],
  ["U09", "503", fail(503), overloaded],
  ["U09", "504", fail(504), late],
  ["U10", "529", fail(529, { error: { type: "overloaded_error", message: "Overloaded" } }), overloaded],
];

describe.each(errors)("%s: the upstream answers %s", (id, _what, upstream, refusal) => {
  it.each(faces)(`${id}: another one answers (%s)`, async (face) => {
    await judgePast({ upstream, outcome: ["server_error", "overloaded"] }, face);
  });

  it.each(faces)(`${id}: all answer that: the caller is told so in our words (%s)`, async (face) => {
    await judgeAlone({ upstream }, face, refusal);
  });
});

describe("U09: a bad day does not become a storm", () => {
  const requests = isFullSize ? 5_000 : 400;

  it.each(["order", "round_robin"])(
    "U09: an upstream that always fails costs a fifth more attempts at most (%s)",
    async (policy) => {
      await using stage = await setFaultStage({
        upstreams: [fail(500), answerAsAsked(goodText), answerAsAsked(goodText)],
        config: { lb_policy: policy },
      });
      let left = requests;
      const verdicts: string[] = [];
      const ask = async () => {
        while (left-- > 0) {
          verdicts.push(judgeEnding(await stage.ask({ stream: left % 2 === 0 }), stage.secrets));
        }
      };
      await Promise.all(Array.from({ length: 8 }, ask));
      expect(verdicts.filter((verdict) => verdict !== "whole")).toEqual([]);
      const calls = stage.upstreams.reduce((sum, { calls: { length } }) => sum + length, 0);
      expect(calls).toBeLessThanOrEqual(1.2 * requests + 3);
      await judgeAftermath(stage);
    },
  );

  it("U09: when all fail, they are not asked over and over", async () => {
    await using stage = await setFaultStage({ upstreams: [fail(500), fail(500)] });
    for (let count = 0; count < 100; count++) {
      expect(judgeEnding(await stage.ask(), stage.secrets)).toBe("refused");
    }
    const calls = stage.upstreams.reduce((sum, { calls: { length } }) => sum + length, 0);
    expect(calls).toBeLessThanOrEqual(120);
    await judgeAftermath(stage);
  });

  it("U09: a single failure of the only upstream does not show", async () => {
    await using stage = await setFaultStage({ upstreams: [answerAsAsked(goodText)] });
    for (const face of v1Faces) {
      stage.upstreams[0]?.enqueue(fail(500));
      expect(await judge(stage, await stage.ask({ stream: face === "stream" }), goodText)).toBe("whole");
    }
  });
});

describe("U11: the upstream says when to come back, and that is nonsense", () => {
  const nonsense = [
    "-5",
    "-1e9",
    "1e12",
    "1e309",
    "NaN",
    "Infinity",
    "0",
    "0.0001",
    "Thu, 01 Jan 1970 00:00:00 GMT",
    "Fri, 31 Dec 9999 23:59:59 GMT",
    "tomorrow, or the day after",
    "9".repeat(10_000),
    "\u00ff\u00fe",
  ];
  const cases = ["retry-after", "retry-after-ms"].flatMap((header) =>
    nonsense.flatMap((value) => [429, 503].map((status) => ({ header, value, status }))),
  );
  const models = cases.map((_, index) => `nonsense-${index}`);
  const refusals = cases.map(({ header, value, status }) =>
    fail(status, { error: { message: "wait" } }, { [header]: value }),
  );
  const entries = models.map((model) => ({ models: [model] }));

  it("U11: it counts as nothing, or as a minute", async () => {
    await using stage = await setFaultStage({ upstreams: refusals, entries });
    for (const [index, { status, value }] of cases.entries()) {
      const heard = await stage.ask({ model: models[index] });
      // The oracle wants a Retry-After between 0 and 60.
      expect(judgeEnding(heard, stage.secrets)).toBe("refused");
      expect([value, heard.status]).toEqual([value, status]);
      expect(heard.totalMs, "nobody sleeps over it").toBeLessThan(5_000);
    }
    await judgeAftermath(stage);
  });

  it("U11: another one answers at once", async () => {
    await using stage = await setFaultStage({ upstreams: [...refusals, answerAsAsked(goodText)], entries });
    for (const model of models) expect(judgeEnding(await stage.ask({ model }), stage.secrets)).toBe("whole");
    await judgeAftermath(stage);
  });
});
