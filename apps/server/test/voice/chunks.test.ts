import { answer, event, fail, finish, role, say, type Step } from "@llm-backend/testing";
import { describe, expect, it } from "vitest";
import { shareStage } from "./share-stage.ts";
import { engineWords, setVoiceStage } from "./voice-stage.ts";

const useStage = shareStage();
const done = finish({ usage: null });

/** Streams as some providers write them: not all of OpenAI's words are in every chunk. */
const careless: readonly (readonly [string, readonly Step[]])[] = [
  [
    "no id in any chunk",
    [
      event({ choices: [{ delta: { role: "assistant", content: "Hello" } }] }),
      event({ choices: [{ delta: { content: " world" } }] }),
      event({ choices: [{ delta: {}, finish_reason: "stop" }] }),
    ],
  ],
  [
    "empty words in front",
    [
      event({ choices: [], created: 0, id: "", model: "", object: "", prompt_filter_results: [] }),
      role(),
      say(["Hello", " world"]),
      done,
    ],
  ],
  [
    "another id in every chunk",
    ["Hello", " world"].map((content, index) =>
      event({
        id: `chatcmpl-${index}`,
        object: "chat.completion.chunk",
        created: 1_760_000_000,
        model: "fake-model",
        choices: [{ index: 0, delta: { content }, finish_reason: index === 1 ? "stop" : null }],
      }),
    ),
  ],
];

describe.each(["/chat/completions", "/v1/chat/completions", "/rag/chat/completions"])(
  "chunks of %s",
  (path) => {
    it.each(careless)("are whole, under one id, where the provider writes %s", async (_name, steps) => {
      const stage = useStage({ steps });
      const heard = await stage.ask(path, engineWords);
      expect([heard.text, heard.finishReasons, heard.dones]).toEqual(["Hello world", ["stop"], 1]);
      const chunks = heard.chunks.filter(({ id }) => id !== "waiting_msg");
      expect(new Set(chunks.map(({ id }) => id)).size).toBe(1);
      for (const chunk of chunks) {
        expect(chunk).toMatchObject({
          id: expect.stringMatching(/./),
          object: "chat.completion.chunk",
          created: expect.any(Number),
          model: "fake-model",
        });
        expect(chunk).toHaveProperty("choices");
        for (const choice of chunk.choices ?? []) {
          expect(choice).toMatchObject({ index: 0, delta: expect.any(Object) });
          expect(choice).toHaveProperty("finish_reason");
        }
      }
    });
  },
);

describe("without waiting sentences", () => {
  it("a failure before the first word has a status on /rag too, and an answer its own chunks alone", async () => {
    await using stage = await setVoiceStage({ config: { voice: { waiting_sentences: [] } } });
    stage.upstream.setReply(fail(500));
    const failed = await stage.ask("/rag/chat/completions");
    expect([failed.status, failed.json]).toMatchObject([502, { error: { code: "upstream_unavailable" } }]);
    const said = { error: { message: "no such voice", type: "bad", param: "audio", code: "x" } };
    stage.upstream.setReply(fail(400, said));
    const refused = await stage.ask("/rag/chat/completions");
    expect([refused.status, refused.json]).toEqual([400, said]);
    stage.upstream.setReply(answer("Fine."));
    const heard = await stage.ask("/rag/chat/completions");
    expect([heard.text, heard.dones]).toEqual(["Fine.", 1]);
    expect(heard.body).not.toContain("waiting_msg");
  });
});

describe("a refusal behind the waiting sentence", () => {
  it("is told in the stream, without [DONE]", async () => {
    const stage = useStage(fail(400, { error: { message: "no such voice" } }));
    const heard = await stage.ask("/rag/chat/completions");
    expect([heard.status, heard.chunks[0]?.id, heard.dones]).toEqual([200, "waiting_msg", 0]);
    expect(heard.chunks.at(-1)?.error).toMatchObject({ code: expect.any(String) });
    expect(heard.chunks).toHaveLength(2);
  });
});

it.each(["/chat/completions", "/rag/chat/completions"])(
  "an upstream's own error in the middle ends the answer of %s, once and for all",
  async (path) => {
    const stage = useStage({
      steps: [role(), say("Hel"), event({ error: { message: "out of memory", code: 500 } }), say("lo"), done],
    });
    const heard = await stage.ask(path);
    expect([heard.status, heard.text, heard.dones]).toEqual([200, "Hel", 0]);
    expect(heard.chunks.filter(({ error }) => error !== undefined)).toHaveLength(1);
    expect(heard.chunks.at(-1)?.error).toBeDefined();
  },
);
