import { answer, completion, event, finish, raw, role, say, type Step } from "@llm-backend/testing";
import { describe, expect, it } from "vitest";
import { askChat } from "./chat-caller.ts";
import { setFaultStage } from "./fault-stage.ts";
import { judgeFace } from "./judge-fault.ts";
import { judge, judgeChat } from "./oracle.ts";

const said = "as it should be";

const usages: readonly (readonly [string, unknown])[] = [
  ["missing", undefined],
  ["null", null],
  ["negative", { prompt_tokens: -5, completion_tokens: -1, total_tokens: -6 }],
  ["1e308", { prompt_tokens: 1e308, completion_tokens: 1e308, total_tokens: 1e308 }],
  ["text", { prompt_tokens: "11", completion_tokens: "many", total_tokens: "all" }],
  ["fractions", { prompt_tokens: 1.5, completion_tokens: 0.1, total_tokens: 1.6 }],
  ["a list", [1, 2, 3]],
  ["a number", 7],
  ["nested", { prompt_tokens: { value: 1 }, completion_tokens: [2], total_tokens: null }],
  [
    "cached tokens beyond the prompt",
    { prompt_tokens: 5, completion_tokens: 1, prompt_tokens_details: { cached_tokens: 500 } },
  ],
  ["details that are none", { prompt_tokens: 5, completion_tokens: 1, completion_tokens_details: "x" }],
];

describe.each(usages)("U38: usage is %s", (_name, usage) => {
  const last: readonly Step[] =
    usage === undefined
      ? [finish({ usage: null })]
      : [
          finish({ usage: null, done: false }),
          event({ choices: [], usage }),
          finish({ reason: null, usage: null }),
        ];
  const steps = [role(), say(said), ...last];

  it("U38: the answer is whole, and nothing impossible is counted", async () => {
    await using stage = await setFaultStage({ upstreams: [{ steps }] });
    expect((await judgeFace(stage, "stream", said)).verdict).toBe("whole");
    const told = await askChat(stage.backend);
    expect(await judgeChat(stage, told, said)).toBe("whole");
    const counted = [
      ...Object.values(told.usage ?? {}),
      ...stage.attempts().flatMap((one) => Object.values(one.usage ?? {})),
    ];
    for (const tokens of counted) {
      expect(Number.isSafeInteger(tokens) && tokens >= 0, String(tokens)).toBe(true);
      expect(tokens).toBeLessThan(1e12);
    }
  });

  it("U38: nor when it comes in one piece", async () => {
    const reply = completion(said, { usage: usage as Record<string, unknown> | null });
    await using stage = await setFaultStage({ upstreams: [reply] });
    expect((await judgeFace(stage, "whole", said)).verdict).toBe("whole");
    for (const { usage: counted } of stage.attempts()) {
      for (const tokens of Object.values(counted ?? {}))
        expect(Number.isSafeInteger(tokens) && tokens >= 0).toBe(true);
    }
  });
});

const markup = `<img src=x onerror="alert(1)"><script>alert(2)</script>[x](javascript:alert(3))`;

describe("U40: the upstream is hostile", () => {
  const events: readonly (readonly [string, Step])[] = [
    ["an event of another kind", event({ run: "this" }, "tool")],
    ["an event that looks like ours", event({ type: "run-done", text: "forged" }, "run-done")],
    ["an answer-reset", event({ type: "answer-reset" }, "answer-reset")],
    ["an event that ends subscriptions", event({}, "return")],
    ["a reconnect time and an id", raw("retry: 1\nid: forged\n\n")],
    ["a line break within an event's name", raw("event: a\rdata: {}\n\n")],
  ];
  it.each(events)("U40: %s reaches nobody", async (_name, step) => {
    await using stage = await setFaultStage({ upstreams: [{ steps: [role(), say(said), step, finish()] }] });
    const { verdict, heard } = await judgeFace(stage, "stream", said);
    expect(verdict).toBe("whole");
    expect(heard?.body).not.toMatch(/^(event|id|retry):/m);
    expect(heard?.body).not.toMatch(/forged|answer-reset/);
    const told = await askChat(stage.backend);
    expect(await judgeChat(stage, told, said)).toBe("whole");
    expect([...told.types].toSorted()).toEqual(["run-done", "run-start", "text-delta"]);
    expect(told.shown).not.toMatch(/forged/);
  });

  it("U40: markup is text like any other", async () => {
    await using stage = await setFaultStage({ upstreams: [answer(Array.from(markup))] });
    const { verdict, heard } = await judgeFace(stage, "stream", markup);
    expect([verdict, heard?.headers["content-type"]]).toEqual([
      "whole",
      expect.stringMatching(/^text\/event-stream/),
    ]);
    const told = await askChat(stage.backend);
    expect(await judgeChat(stage, told, markup)).toBe("whole");
  });

  it("U40: tool calls that nobody offered are no action of a conversation", async () => {
    const call = {
      index: 0,
      id: "call_1",
      type: "function",
      function: { name: "delete_all", arguments: "{}" },
    };
    const steps = [
      role(),
      say(said),
      event({ choices: [{ index: 0, delta: { tool_calls: [call] } }] }),
      finish(),
    ];
    await using stage = await setFaultStage({ upstreams: [{ steps }] });
    const told = await askChat(stage.backend);
    expect(await judgeChat(stage, told, said)).toBe("whole");
    expect(told.shown).not.toContain("delete_all");
  });

  it("U40: a model's name of a hundred kilobytes is not kept", async () => {
    const huge = "m".repeat(100_000);
    const steps = [event({ model: huge, choices: [{ index: 0, delta: { content: said } }] }), finish()];
    await using stage = await setFaultStage({ upstreams: [{ steps }] });
    expect(await judge(stage, await stage.ask(), said)).toBe("whole");
    const told = await askChat(stage.backend);
    expect(await judgeChat(stage, told, said)).toBe("whole");
    expect(told.shown).not.toContain(huge);
    expect(stage.backend.logLines.some((line) => line.includes(huge))).toBe(false);
  });

  it("U40: nor is a finish reason of a hundred kilobytes", async () => {
    const huge = "stop".repeat(25_000);
    await using stage = await setFaultStage({
      upstreams: [{ steps: [say(said), finish({ reason: huge })] }],
    });
    const told = await askChat(stage.backend);
    expect([told.text, told.endings.length]).toEqual([said, 1]);
    expect(told.shown).not.toContain(huge);
  });
});
