import type { JobEvent, KnowledgeBaseView, KnowledgeHits, KnowledgeModel } from "@llm-backend/contract";
import { answer, embedding, fail } from "@llm-backend/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { setChatStage, until, type ChatStage, type StageUser } from "../callers/chat-stage.ts";
import { createBase, fillBase, send, untilSettled } from "./knowledge-stage.ts";

let stage: ChatStage;
let user: StageUser;
let isEmbeddingDown = false;

beforeAll(async () => {
  stage = await setChatStage({
    upstream: {
      reply: (call) => {
        if (!call.path.endsWith("/embeddings")) return answer("Fine.");
        return isEmbeddingDown ? fail(500) : embedding()(call);
      },
    },
    backend: { config: { knowledge: { models: ["fake-embed", "other-embed"] } } },
  });
  user = await stage.addUser();
});
afterAll(() => stage[Symbol.asyncDispose]());

async function* follow(baseId: string, more: object = {}): AsyncGenerator<JobEvent, void> {
  for await (const item of user.trpc.subscribe("knowledge.jobs", { baseId, ...more })) {
    if (item.kind === "error") throw new Error(item.error.message);
    if (item.kind === "event") yield item.event as unknown as JobEvent;
  }
}

const text = "Apples are red. ".repeat(300);

describe("the jobs of a base", () => {
  it("are told of from how they are now to the end of each", async () => {
    const baseId = await createBase(user.trpc);
    expect(await Array.fromAsync(follow(baseId, { until: "idle" }))).toEqual([{ type: "jobs", jobs: [] }]);
    const events = follow(baseId);
    expect(await events.next()).toMatchObject({ value: { type: "jobs", jobs: [] } });
    const { doc_id: documentId } = await send(user.rest, baseId, { name: "a.txt", content: text });
    for await (const event of events) {
      if (event.type === "job" && event.job.state === "done") {
        expect(event.job).toMatchObject({ kind: "ingest", documentId, failure: null });
        expect(event.job.done).toBe(event.job.total);
        break;
      }
    }
  });

  it("are told of until nothing is under way, where that is asked for", async () => {
    const baseId = await createBase(user.trpc);
    const sent = await Promise.all(
      ["a.txt", "b.txt", "c.txt"].map((name) => send(user.rest, baseId, { name, content: text })),
    );
    for await (const event of follow(baseId, { until: "idle" })) expect(event.type).toMatch(/^jobs?$/);
    for (const { doc_id: id } of sent)
      expect(await untilSettled(user.trpc, baseId, id)).toMatchObject({ state: "ready" });
  });
});

describe("a base with an embedding model", () => {
  const hits = (baseId: string, mode: string) =>
    user.trpc.query<KnowledgeHits>("knowledge.search", { text: "red apples", baseIds: [baseId], mode });
  const show = (baseId: string) => user.trpc.query<KnowledgeBaseView>("knowledge.getBase", { baseId });

  it("can have those that the configuration offers", async () => {
    const models = await user.trpc.query<KnowledgeModel[]>("knowledge.models");
    expect(models).toEqual([
      { model: "builtin-hashed", kind: "lexical", isDefault: true },
      { model: "fake-embed", kind: "semantic", isDefault: false },
      { model: "other-embed", kind: "semantic", isDefault: false },
    ]);
  });

  it("is searched by it, and by words alone while it cannot be asked", async () => {
    const [baseId] = await fillBase(user, [{ name: "a.txt", content: text }], {
      embeddingModel: "fake-embed",
    });
    const found = await hits(baseId, "hybrid");
    expect(found.notice).toBeNull();
    expect(found.passages[0]?.vectorRank).toEqual(expect.any(Number));
    isEmbeddingDown = true;
    try {
      const byWords = await hits(baseId, "hybrid");
      expect(byWords.notice).toMatch(/^Found by words only/);
      expect(byWords.passages[0]).toMatchObject({ vectorRank: null, lexicalRank: 1 });
    } finally {
      isEmbeddingDown = false;
    }
  });

  it("changes to another one in the background, and all at once", async () => {
    const [baseId] = await fillBase(user, [{ name: "a.txt", content: text }]);
    const changed = await user.trpc.mutate("knowledge.updateBase", { baseId, embeddingModel: "other-embed" });
    expect(changed).toMatchObject({ embeddingModel: "builtin-hashed", nextEmbeddingModel: "other-embed" });
    for await (const event of follow(baseId, { until: "idle" })) expect(event.type).toMatch(/^jobs?$/);
    expect(await show(baseId)).toMatchObject({ embeddingModel: "other-embed", nextEmbeddingModel: null });
    expect((await hits(baseId, "vector")).passages.length).toBeGreaterThan(0);
    expect(
      stage.upstream.calls.filter(({ body }) => (body as { model: string }).model === "other-embed"),
    ).not.toEqual([]);
  });

  it("keeps the one that it has when the change is taken back", async () => {
    const [baseId] = await fillBase(user, [{ name: "a.txt", content: text }]);
    isEmbeddingDown = true;
    try {
      await user.trpc.mutate("knowledge.updateBase", { baseId, embeddingModel: "fake-embed" });
      const back = await user.trpc.mutate("knowledge.updateBase", {
        baseId,
        embeddingModel: "builtin-hashed",
      });
      expect(back).toMatchObject({ embeddingModel: "builtin-hashed", nextEmbeddingModel: null });
      await until(
        async () => (await Array.fromAsync(follow(baseId, { until: "idle" }))).length > 0,
        "nothing to be under way",
      );
    } finally {
      isEmbeddingDown = false;
    }
    expect(await show(baseId)).toMatchObject({ embeddingModel: "builtin-hashed", nextEmbeddingModel: null });
  });
});
