import type { DocumentView, KnowledgeHits, PassagePage } from "@llm-backend/contract";
import { embedding, page, readTexts, type Call, type Reply } from "@llm-backend/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { setChatStage, type ChatStage, type StageUser } from "../callers/chat-stage.ts";
import { fillBase, send, untilSettled } from "../knowledge/knowledge-stage.ts";

const sound = "Sound advice is seldom heard.";
/** Long enough for several calls. */
const lines = Array.from(
  { length: 150 },
  (_, index) => `The tale of the poisoned well, part ${index}, goes on.`,
);

const toAnswer = (data: readonly unknown[]): Reply =>
  page("application/json", JSON.stringify({ object: "list", model: "fake-embedder", data }));
const toItems = (call: Call, toVector: (text: string, index: number) => unknown) =>
  readTexts(call).map((text, index) => ({ object: "embedding", index, embedding: toVector(text, index) }));
const eight = (value: unknown) => [value, 1, 2, 3, 4, 5, 6, 7];

/** Answers that would poison an index. */
const wrong: readonly (readonly [string, (call: Call) => Reply])[] = [
  ["too few vectors", (call) => toAnswer(toItems(call, () => eight(1)).slice(1))],
  [
    "too many vectors",
    (call) => toAnswer([...toItems(call, () => eight(1)), { index: 999, embedding: eight(1) }]),
  ],
  [
    "vectors of different length",
    (call) => toAnswer(toItems(call, (_, index) => eight(1).slice(0, 8 - (index % 2)))),
  ],
  ["vectors of another length than before", (call) => toAnswer(toItems(call, () => [1, 2]))],
  ["a place twice", (call) => toAnswer(toItems(call, () => eight(1)).map((item) => ({ ...item, index: 0 })))],
  ["numbers that are null", (call) => toAnswer(toItems(call, () => eight(null)))],
  ["numbers that are too large", (call) => toAnswer(toItems(call, () => eight(1e300)))],
  [
    "NaN in packed numbers",
    (call) => toAnswer(toItems(call, () => "AADAfwAAwH8AAMB/AADAfwAAwH8AAMB/AADAfwAAwH8=")),
  ],
  ["text for numbers", (call) => toAnswer(toItems(call, () => "no numbers at all"))],
  ["no list at all", () => page("application/json", '{"ok":true}')],
  ["no JSON", () => page("text/plain", "vectors: 1, 2, 3")],
];

let stage: ChatStage;
let user: StageUser;
let baseId: string;
let documents = 0;

beforeAll(async () => {
  const config = { knowledge: { embedding_model: "fake-embedder", passage_chars: 100 } };
  stage = await setChatStage({ upstream: { reply: embedding() }, backend: { config } });
  user = await stage.addUser();
  [baseId] = await fillBase(user, [{ name: "sound.txt", content: sound }]);
});
afterAll(() => stage[Symbol.asyncDispose]());

/** Goes wrong in the middle of a document: there are vectors already when it does. */
function goWrong(bad: (call: Call) => Reply): void {
  let asked = 0;
  stage.upstream.setReply((call) => (++asked === 1 ? embedding()(call) : bad(call)));
}

/** Sends a document, and waits until it has ended its way. */
async function sendTale(): Promise<DocumentView> {
  const name = `tale ${++documents}.txt`;
  const { doc_id: documentId } = await send(user.rest, baseId, { name, content: lines.join("\n\n") });
  return untilSettled(user.trpc, baseId, documentId);
}

/** How many passages of a document are found. */
async function countFound(documentId: string, mode: string): Promise<number> {
  const input = { text: "the poisoned well", baseIds: [baseId], documentIds: [documentId], limit: 50, mode };
  return (await user.trpc.query<KnowledgeHits>("knowledge.search", input)).passages.length;
}

describe("U39: a document is embedded with wrong vectors", () => {
  it.each(wrong)(
    "U39: %s: it fails with a sentence, nothing of it is found, and it can be tried again",
    async (_what, bad) => {
      goWrong(bad);
      const failed = await sendTale();
      const { documentId } = failed;
      expect(failed).toMatchObject({ state: "failed", isSearchable: false });
      expect(failed.failure?.message).toMatch(/^The embedding model gave .+\.$/);
      stage.upstream.setReply(embedding());
      for (const mode of ["lexical", "vector", "hybrid"])
        expect(await countFound(documentId, mode), mode).toBe(0);
      const ref = { baseId, documentId };
      expect((await user.trpc.query<PassagePage>("knowledge.documents.passages", ref)).passages).toEqual([]);
      await user.trpc.mutate<DocumentView>("knowledge.documents.retry", ref);
      const ready = await untilSettled(user.trpc, baseId, documentId);
      expect(ready).toMatchObject({ state: "ready", isSearchable: true, failure: null });
      expect(await countFound(documentId, "vector")).toBeGreaterThan(0);
    },
  );

  it("U39: vectors out of order get to their passages", async () => {
    // One number says which passage it is, and what is asked for.
    const toVector = (text: string) => {
      const part = Number(/part (\d+)/.exec(text)?.[1] ?? 0);
      return [Math.cos(part / 50), Math.sin(part / 50), 0, 0, 0, 0, 0, 0];
    };
    stage.upstream.setReply((call) => toAnswer(toItems(call, toVector).toReversed()));
    const { state, documentId } = await sendTale();
    expect(state).toBe("ready");
    const input = { text: "part 77", baseIds: [baseId], documentIds: [documentId], limit: 1, mode: "vector" };
    const { passages } = await user.trpc.query<KnowledgeHits>("knowledge.search", input);
    expect(passages[0]?.content).toContain("part 77");
  });
});
