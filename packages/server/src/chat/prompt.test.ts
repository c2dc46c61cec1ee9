import type { WireMessage } from "@llm-backend/contract";
import type { Message } from "@llm-backend/storage";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { buildPrompt } from "./prompt.ts";
import { estimateMessageTokens } from "./token-estimate.ts";

const blank = {
  conversationId: 1,
  parentId: null,
  reasoning: null,
  model: null,
  finishReason: null,
  usage: null,
  runId: null,
  createdAt: 0,
};

/** A branch as it is read: newest first. */
function toBranch(contents: readonly (readonly [role: "user" | "assistant", content: string])[]) {
  const messages: Message[] = contents.map(([role, content], index) => ({
    ...blank,
    id: `msg_${index}`,
    role,
    content,
  }));
  const reads: string[] = [];
  async function* branch() {
    for (const message of messages.toReversed()) {
      reads.push(message.id);
      yield message;
    }
  }
  return { messages, reads, branch: branch() };
}

const files = { store: { open: () => Promise.resolve(undefined) }, takesImages: true, imageBytesMax: 0 };

const texts = (prompt: { messages: readonly WireMessage[] }) =>
  prompt.messages.map(({ content }) => (typeof content === "string" ? content : "parts"));

describe("buildPrompt", () => {
  it("is the system prompt and the branch, oldest first", async () => {
    const { branch } = toBranch([
      ["user", "one"],
      ["assistant", "two"],
      ["user", "three"],
    ]);
    expect(await buildPrompt({ systemPrompt: "Be brief.", branch, budgetTokens: 1000, files })).toEqual({
      messages: [
        { role: "system", content: "Be brief." },
        { role: "user", content: "one" },
        { role: "assistant", content: "two" },
        { role: "user", content: "three" },
      ],
      messagesKept: 3,
      cutAt: undefined,
      hasContext: false,
      tokens: expect.any(Number),
    });
  });

  it("has what the question is given to read in a message in front of it, and as many turns less", async () => {
    const turns: ["user" | "assistant", string][] = [
      ["user", "a".repeat(400)],
      ["assistant", "b".repeat(400)],
      ["user", "three"],
    ];
    const build = (context: string | undefined) => {
      const given: number[] = [];
      const toContext = (tokens: number) => {
        given.push(tokens);
        return context;
      };
      const { branch } = toBranch(turns);
      const prompt = buildPrompt({ systemPrompt: "", branch, budgetTokens: 250, files, toContext });
      return prompt.then((built) => ({ ...built, given }));
    };
    const without = await build(undefined);
    expect(texts(without)).toHaveLength(3);
    const built = await build("c".repeat(400));
    expect(built.messages).toEqual([
      { role: "user", content: "c".repeat(400) },
      { role: "user", content: "three" },
    ]);
    expect(built).toMatchObject({ hasContext: true, messagesKept: 1, cutAt: "msg_2" });
    // It is asked for once, with what the question has left.
    expect(built.given).toEqual([250 - estimateMessageTokens({ content: "three" })]);
    expect(built.tokens).toBeLessThanOrEqual(250);
  });

  it("has no system message where the system prompt is empty", async () => {
    const { branch } = toBranch([["user", "one"]]);
    expect(texts(await buildPrompt({ systemPrompt: "", branch, budgetTokens: 1000, files }))).toEqual([
      "one",
    ]);
  });

  it("leaves out answers that never said a word", async () => {
    const { branch } = toBranch([
      ["user", "one"],
      ["assistant", ""],
      ["user", "two"],
    ]);
    expect(texts(await buildPrompt({ systemPrompt: "", branch, budgetTokens: 1000, files }))).toEqual([
      "one",
      "two",
    ]);
  });

  it("keeps the message to answer, however long it is", async () => {
    const { branch } = toBranch([
      ["user", "one"],
      ["assistant", "two"],
      ["user", "x".repeat(10_000)],
    ]);
    const prompt = await buildPrompt({ systemPrompt: "Be brief.", branch, budgetTokens: 10, files });
    expect(prompt.messagesKept).toBe(1);
    expect(prompt.cutAt).toBe("msg_2");
    expect(prompt.messages.at(-1)?.content).toHaveLength(10_000);
  });

  it("drops the oldest turns whole: no answer stands at the beginning without its question", async () => {
    const contents = Array.from(
      { length: 9 },
      (_, index) => [index % 2 === 0 ? "user" : "assistant", `${index}${"x".repeat(399)}`] as const,
    );
    for (let budgetTokens = 1; budgetTokens < 1000; budgetTokens += 7) {
      const { branch, messages } = toBranch(contents);
      const prompt = await buildPrompt({ systemPrompt: "", branch, budgetTokens, files });
      expect(prompt.messages[0]?.role).toBe("user");
      expect(prompt.messages.length).toBe(prompt.messagesKept);
      expect(texts(prompt)).toEqual(contents.slice(-prompt.messagesKept).map(([, content]) => content));
      expect(prompt.cutAt).toBe(
        prompt.messagesKept === 9 ? undefined : messages.at(-prompt.messagesKept)?.id,
      );
    }
  });

  it("reads no further up a long branch than it needs", async () => {
    const contents = Array.from(
      { length: 1000 },
      (_, index) => [index % 2 === 0 ? "assistant" : "user", "x".repeat(400)] as const,
    );
    const { branch, reads } = toBranch(contents);
    await buildPrompt({ systemPrompt: "", branch, budgetTokens: 1000, files });
    expect(reads.length).toBeLessThan(15);
  });

  it("stays within its budget, unless the message to answer alone exceeds it", async () => {
    const turn = fc.tuple(
      fc.constantFrom("user" as const, "assistant" as const),
      fc.string({ maxLength: 200 }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(turn, { minLength: 1, maxLength: 20 }),
        fc.nat(400),
        async (turns, budgetTokens) => {
          const contents = [...turns, ["user", "the question"] as const];
          const { branch } = toBranch(contents);
          const prompt = await buildPrompt({ systemPrompt: "Be brief.", branch, budgetTokens, files });
          const cost = texts(prompt).reduce((sum, content) => sum + estimateMessageTokens({ content }), 0);
          expect(prompt.tokens).toBe(cost);
          if (prompt.messagesKept > 1) expect(cost).toBeLessThanOrEqual(budgetTokens);
          expect(prompt.messages.at(-1)?.content).toBe("the question");
        },
      ),
    );
  });
});
