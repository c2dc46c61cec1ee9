import { answer, answerAsAsked, embeddings, fail, page, type Reply } from "@llm-backend/testing";
import { describe, expect, it } from "vitest";
import { setFaultStage, silent } from "./fault-stage.ts";
import { readAnswer } from "./heard-answer.ts";
import { judgeAftermath, judgeEnding } from "./oracle.ts";
import { callV1 } from "./v1-caller.ts";

const asked = {
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ model: "fake-embedder", input: ["one", "two"] }),
};
const json = (text: string) => page("application/json", text);
const item = (index: number, vector: string) =>
  `{"object":"embedding","index":${index},"embedding":${vector}}`;
const list = (...items: string[]) => `{"object":"list","model":"fake-embedder","data":[${items.join(", ")}]}`;

/** Answers that would poison an index; whoever fills one has to look at them. */
const wrong: readonly (readonly [string, string])[] = [
  ["too few vectors", list(item(0, "[1,2]"))],
  ["too many vectors", list(item(0, "[1,2]"), item(1, "[3,4]"), item(2, "[5,6]"))],
  ["vectors of different length", list(item(0, "[1,2]"), item(1, "[3]"))],
  ["vectors out of order", list(item(1, "[3,4]"), item(0, "[1,2]"))],
  ["numbers that are null", list(item(0, "[null,2]"), item(1, "[3,4]"))],
  ["NaN, which is no JSON", list(item(0, "[NaN,2]"), item(1, "[3,Infinity]"))],
  ["base64", list(item(0, '"AACAPwAAAEA="'), item(1, '"AACAPwAAAEA="'))],
  ["blanks and digits as nobody else writes them", `{ "data" : [ ${item(0, "[1.50,2e0]")} ] ,"model":"x" }`],
  ["no list at all", '{"ok":true}'],
];

describe("U39: vectors pass through as they are", () => {
  const right = list(item(0, "[0.1,-2]"), item(1, "[3,4e-7]"));
  const bodies: readonly (readonly [string, string])[] = [["right ones", right], ...wrong];
  it.each(bodies)("U39: byte for byte: %s", async (_what, text) => {
    await using stage = await setFaultStage({ upstreams: [json(text)] });
    const raw = await callV1(stage.backend.url, "/embeddings", asked);
    expect([raw.status, raw.isCut, raw.bytes.toString()]).toEqual([200, false, text]);
    expect(raw.headers["content-type"]).toBe("application/json");
    expect(stage.upstreams[0]?.calls[0]?.bodyText).toBe(asked.body);
    await judgeAftermath(stage);
  });

  it.each([
    ["500", fail(500)],
    ["401", fail(401)],
    ["429", fail(429)],
    ["a reset", { steps: [{ do: "reset" }] }],
    ["silence", { steps: [{ do: "stall" }] }],
  ] as const)("U39: another one answers past %s", async (_what, bad: Reply) => {
    const good = embeddings([[1], [2]]);
    await using stage = await setFaultStage({ upstreams: [bad, good], entries: [silent] });
    const raw = await callV1(stage.backend.url, "/embeddings", asked);
    expect([raw.status, raw.bytes.toString()]).toEqual([
      200,
      (good.steps as readonly { bytes: string }[])[0]?.bytes,
    ]);
    await judgeAftermath(stage);
  });

  it("U39: a body that breaks off does not pass for whole", async () => {
    const whole = list(item(0, "[1,2]"), item(1, "[3,4]"));
    const headers = {
      "content-type": "application/json",
      "content-length": String(whole.length),
      "transfer-encoding": null,
    };
    const bad: Reply = {
      headers,
      framing: "eof",
      steps: [
        { do: "raw", bytes: whole.slice(0, 60) },
        { do: "cut", terminated: false },
      ],
    };
    await using stage = await setFaultStage({ upstreams: [bad] });
    const heard = readAnswer(await callV1(stage.backend.url, "/embeddings", asked));
    if (heard.status === 200) expect(heard.isCut).toBe(true);
    else expect(judgeEnding(heard, stage.secrets)).toBe("refused");
    await judgeAftermath(stage);
  });

  it("U39: chat goes on beside them", async () => {
    await using stage = await setFaultStage({
      upstreams: [
        (call) =>
          call.path.endsWith("/embeddings") ? json(list(item(0, "[NaN]"))) : answerAsAsked("ok")(call),
      ],
    });
    await callV1(stage.backend.url, "/embeddings", asked);
    expect((await stage.ask()).text).toBe("ok");
    expect(answer("ok").steps).toHaveLength(3);
  });
});
