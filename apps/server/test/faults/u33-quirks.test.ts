import { comment, event, finish, raw, role, say, think, type Step } from "@llm-backend/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { setFaultStage, type FaultStage } from "./fault-stage.ts";
import { faces, judgeFace } from "./judge-fault.ts";

type Quirk = readonly [name: string, steps: readonly Step[], said: string, finishReason?: string];

const choice = (delta: unknown, more: object = {}): Step =>
  event({
    id: "x",
    object: "chat.completion.chunk",
    choices: [{ index: 0, delta, finish_reason: null, ...more }],
  });
const tool = (more: object): Step => choice({ tool_calls: [{ index: 0, ...more }] });
const end = finish();

/** What providers really send, or have sent. */
const quirks: readonly Quirk[] = [
  ["choices that are null", [role(), event({ choices: null }), say("ok"), end], "ok"],
  ["no choices at all", [role(), event({}), say("ok"), end], "ok"],
  [
    "empty choices with a prompt's filter results",
    [event({ choices: [], prompt_filter_results: [] }), say("ok"), end],
    "ok",
  ],
  [
    "a piece of usage alone, early",
    [role(), event({ choices: [], usage: { prompt_tokens: 1 } }), say("ok"), end],
    "ok",
  ],
  [
    "usage in every piece",
    [role(), event({ choices: [{ index: 0, delta: { content: "ok" } }], usage: { total_tokens: 3 } }), end],
    "ok",
  ],
  [
    "usage that is null",
    [role(), event({ choices: [{ index: 0, delta: { content: "ok" } }], usage: null }), end],
    "ok",
  ],
  [
    "usage in the piece of the finish reason",
    [
      say("ok"),
      event({ choices: [{ index: 0, delta: {}, finish_reason: "stop" }], usage: { total_tokens: 3 } }),
      finish({ reason: null, usage: null }),
    ],
    "ok",
  ],
  [
    "usage behind the finish reason in a choice of its own",
    [
      say("ok"),
      finish({ done: false, usage: null }),
      event({ choices: [{ index: 0, delta: {} }], usage: { total_tokens: 3 } }),
      finish({ reason: null, usage: null }),
    ],
    "ok",
  ],
  ["no role", [say("ok"), end], "ok"],
  [
    "a role in every piece",
    [choice({ role: "assistant", content: "o" }), choice({ role: "assistant", content: "k" }), end],
    "ok",
  ],
  ["a role that is null", [choice({ role: null, content: "ok" }), end], "ok"],
  ["a delta that is null", [role(), choice(null), say("ok"), end], "ok"],
  ["no delta", [role(), event({ choices: [{ index: 0, finish_reason: null }] }), say("ok"), end], "ok"],
  ["content that is null", [role(), choice({ content: null }), say("ok"), end], "ok"],
  ["content that is empty", [role(), say(["", "ok", ""]), end], "ok"],
  [
    "text in the piece of the finish reason",
    [say("o"), choice({ content: "k" }, { finish_reason: "stop" }), finish({ reason: null })],
    "ok",
  ],
  [
    "a finish reason that is empty before the real one",
    [choice({ content: "ok" }, { finish_reason: "" }), end],
    "ok",
  ],
  ["no index", [event({ choices: [{ delta: { content: "ok" } }] }), end], "ok"],
  [
    "an id that is empty, a model that is null",
    [event({ id: "", model: null, created: 0, choices: [{ index: 0, delta: { content: "ok" } }] }), end],
    "ok",
  ],
  ["reasoning_content before content", [think("hm"), say("ok"), end], "ok"],
  ["reasoning before content", [think("hm", "reasoning"), say("ok"), end], "ok"],
  [
    "content and reasoning that are both there, one null",
    [
      choice({ content: null, reasoning_content: "hm" }),
      choice({ content: "ok", reasoning_content: null }),
      end,
    ],
    "ok",
  ],
  [
    "fields that nobody knows",
    [
      event({
        x_groq: { id: "1" },
        provider: "p",
        choices: [{ index: 0, native_finish_reason: null, delta: { content: "ok" } }],
      }),
      end,
    ],
    "ok",
  ],
  [
    "pings in comments",
    [comment("OPENROUTER PROCESSING"), comment(""), role(), comment(), say("ok"), comment(), end],
    "ok",
  ],
  [
    "logprobs",
    [
      choice(
        { content: "ok" },
        { logprobs: { content: [{ token: "ok", logprob: -1, bytes: [111], top_logprobs: [] }] } },
      ),
      end,
    ],
    "ok",
  ],
  ["a filter's finish reason", [say("ok"), finish({ reason: "content_filter" })], "ok", "content_filter"],
  ["the limit's finish reason", [say("ok"), finish({ reason: "length" })], "ok", "length"],
  ["data behind [DONE]", [say("ok"), end, raw('data: {"late":1}\n\n')], "ok"],
  ["blanks around [DONE]", [say("ok"), finish({ done: false }), raw("data:  [DONE] \n\n")], "ok"],
  [
    "object names of another kind",
    [event({ object: "text_completion", choices: [{ index: 0, delta: { content: "ok" } }] }), end],
    "ok",
  ],
  [
    "numbers that are too big",
    [event({ created: 1e300, choices: [{ index: 0, delta: { content: "ok" } }] }), end],
    "ok",
  ],
  [
    "keys that are prototypes",
    [raw('data: {"__proto__":{"polluted":1},"choices":[{"index":0,"delta":{"content":"ok"}}]}\n\n'), end],
    "ok",
  ],
];

const named = quirks.map(([name, steps, said, finishReason = "stop"]) => ({
  name,
  steps,
  said,
  finishReason,
}));

describe("U33: what providers do is no reason to stumble", () => {
  let stage: FaultStage;
  beforeAll(async () => {
    stage = await setFaultStage({ upstreams: [{}] });
  });
  afterAll(() => stage[Symbol.asyncDispose]());

  it.each(named)("U33: $name", async ({ steps, said, finishReason }) => {
    stage.upstreams[0]?.setReply({ steps });
    for (const face of faces) {
      const { verdict, text, heard } = await judgeFace(stage, face, said);
      expect([face, verdict, text]).toEqual([face, "whole", said]);
      if (heard !== undefined) expect([face, heard.finishReasons]).toEqual([face, [finishReason]]);
    }
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });
});

describe("U33: a refusal in place of content", () => {
  const steps = [role(), say("I will not", { as: "refusal" }), finish()];

  it("U33: comes through, and is what a conversation shows", async () => {
    await using stage = await setFaultStage({ upstreams: [{ steps }] });
    const { verdict, heard } = await judgeFace(stage, "stream", "");
    expect([verdict, heard?.body.includes('"refusal":"I will not"')]).toEqual(["whole", true]);
    expect((await judgeFace(stage, "chat", "I will not")).verdict).toBe("whole");
  });
});

describe("U33: tool calls in fragments", () => {
  const fragments = [
    role(),
    tool({ id: "call_1", type: "function", function: { name: "look_up", arguments: "" } }),
    tool({ function: { arguments: '{"what":' } }),
    tool({ function: { arguments: ' "x"}' } }),
    choice({
      tool_calls: [{ index: 1, id: "call_2", type: "function", function: { name: "stop", arguments: "{}" } }],
    }),
    finish({ reason: "tool_calls" }),
  ];

  it("U33: come through as they are", async () => {
    await using stage = await setFaultStage({ upstreams: [{ steps: fragments }] });
    const { verdict, heard } = await judgeFace(stage, "stream", "");
    expect([verdict, heard?.finishReasons]).toEqual(["whole", ["tool_calls"]]);
    const deltas = (heard?.events ?? []).flatMap(({ data }) =>
      data === "[DONE]"
        ? []
        : ((JSON.parse(data) as { choices: { delta: { tool_calls?: unknown[] } }[] }).choices[0]?.delta
            .tool_calls ?? []),
    );
    expect(deltas).toHaveLength(4);
  });

  it("U33: are put together for who asked for one piece", async () => {
    await using stage = await setFaultStage({ upstreams: [{ steps: fragments }] });
    const { heard } = await judgeFace(stage, "whole", "");
    expect(heard?.json).toMatchObject({
      choices: [
        {
          finish_reason: "tool_calls",
          message: {
            tool_calls: [
              { id: "call_1", type: "function", function: { name: "look_up", arguments: '{"what": "x"}' } },
              { id: "call_2", type: "function", function: { name: "stop", arguments: "{}" } },
            ],
          },
        },
      ],
    });
  });
});

describe("U33: several answers at once", () => {
  const of = (index: number, delta: object, reason: string | null = null): Step =>
    event({ object: "chat.completion.chunk", choices: [{ index, delta, finish_reason: reason }] });

  it("U33: come through side by side, and the stream ends when all of them have", async () => {
    const steps = [
      of(0, { content: "a" }),
      of(1, { content: "x" }),
      of(0, {}, "stop"),
      of(1, { content: "y" }),
      of(1, {}, "stop"),
      finish({ reason: null }),
    ];
    await using stage = await setFaultStage({ upstreams: [{ steps }] });
    const heard = await stage.ask({ n: 2 });
    expect(heard.text).toBe("a");
    expect(heard.body).toContain('"y"');
    expect([heard.dones, heard.events.at(-1)?.data]).toEqual([1, "[DONE]"]);
  });
});
