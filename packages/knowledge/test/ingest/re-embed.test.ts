import { DomainError } from "@llm-backend/contract";
import { expect, it } from "vitest";
import { createHold } from "./fake-embedder.ts";
import { openIngestStage } from "./ingest-stage.ts";

const toLines = (count: number, word = "line") =>
  Array.from({ length: count }, (_, index) => `${word} ${index}`);

it("embeds everything that is found with another model, and searches with it from one moment on", async () => {
  await using stage = await openIngestStage();
  await stage.startProcess();
  for (const name of ["a", "b", "c"])
    await stage.settled((await stage.upload(name, toLines(70, name))).jobId);
  const before = await stage.storage.bases.find(stage.baseId);
  const hold = createHold();
  let calls = 0;
  stage.embedder.before = (call) => (++calls > 2 ? hold.wait(call) : undefined);
  const stopped = await stage.setModel("model-2");
  await hold.reached;
  expect(await stage.storage.bases.find(stage.baseId)).toMatchObject({
    embeddingModel: "model-1",
    spaceId: before?.spaceId,
    nextEmbeddingModel: "model-2",
  });
  // Another model before it is done: the one before is given up.
  await stage.storage.transaction((tx) => tx.knowledgeJobs.cancel(stopped, stage.clock.now));
  stage.embedder.before = undefined;
  const jobId = await stage.setModel("model-3");
  expect(await stage.settled(jobId)).toMatchObject({ state: "done", done: 210, total: 210 });
  const after = await stage.storage.bases.find(stage.baseId);
  expect(after).toMatchObject({ embeddingModel: "model-3", nextEmbeddingModel: null, nextSpaceId: null });
  expect(await stage.listFound()).toHaveLength(210);
  expect(stage.embedder.given.filter(({ model }) => model === "model-3")).toHaveLength(210);
});

it("gives documents that come meanwhile vectors of both models", async () => {
  await using stage = await openIngestStage();
  await stage.startProcess();
  await stage.settled((await stage.upload("a", toLines(3))).jobId);
  const hold = createHold();
  stage.embedder.before = (call) => (call.texts.includes("line 0") ? hold.wait(call) : undefined);
  const lost = await stage.setModel("model-2");
  await hold.reached;
  const { jobId } = await stage.upload("b", toLines(2, "meanwhile"));
  expect(await stage.settled(jobId)).toMatchObject({ state: "done" });
  expect(await stage.listFound()).toHaveLength(5);
  const meanwhile = stage.embedder.given.filter(({ text }) => text.startsWith("meanwhile"));
  expect(meanwhile.map(({ model }) => model).toSorted()).toEqual([
    "model-1",
    "model-1",
    "model-2",
    "model-2",
  ]);
  expect(await stage.storage.knowledgeJobs.find(lost)).toMatchObject({ state: "running" });
});

it("makes up for what documents that came meanwhile could not have", async () => {
  await using stage = await openIngestStage();
  const ingest = await stage.startProcess();
  await stage.settled((await stage.upload("a", toLines(3))).jobId);
  const hold = createHold();
  stage.embedder.before = (call) => {
    if (call.texts.includes("line 0")) return hold.wait(call);
    if (call.model === "model-2") throw new DomainError("upstream_unavailable");
    return undefined;
  };
  const jobId = await stage.setModel("model-2");
  await hold.reached;
  expect(await stage.settled((await stage.upload("b", ["meanwhile"])).jobId)).toMatchObject({
    state: "done",
  });
  await ingest.close();
  stage.embedder.before = undefined;
  await stage.startProcess();
  expect(await stage.settled(jobId)).toMatchObject({ state: "done" });
  expect(await stage.storage.bases.find(stage.baseId)).toMatchObject({ embeddingModel: "model-2" });
  expect((await stage.listFound()).toSorted()).toEqual([...toLines(3), "meanwhile"]);
});

it("does not switch before it has looked at what became ready under way", async () => {
  await using stage = await openIngestStage();
  await stage.startProcess();
  await stage.settled((await stage.upload("a", toLines(3))).jobId);
  const gate = Promise.withResolvers<void>();
  const reached = Promise.withResolvers<void>();
  stage.embedder.before = (call) => {
    if (!call.texts.includes("line 0")) throw new DomainError("model_not_found");
    reached.resolve();
    return gate.promise;
  };
  const jobId = await stage.setModel("model-2");
  await reached.promise;
  const refuse = stage.embedder.before;
  stage.embedder.before = (call) => (call.model === "model-2" ? refuse(call) : undefined);
  expect(await stage.settled((await stage.upload("b", ["meanwhile"])).jobId)).toMatchObject({
    state: "done",
  });
  stage.embedder.before = undefined;
  gate.resolve();
  expect(await stage.settled(jobId)).toMatchObject({ state: "done" });
  expect(await stage.storage.bases.find(stage.baseId)).toMatchObject({ embeddingModel: "model-2" });
  expect(await stage.listFound()).toHaveLength(4);
});

it("goes on in the next process without doing anything twice", async () => {
  await using stage = await openIngestStage();
  const first = await stage.startProcess();
  await stage.settled((await stage.upload("a", toLines(300))).jobId);
  const hold = createHold();
  stage.embedder.before = (call) => (stage.embedder.given.length >= 428 ? hold.wait(call) : undefined);
  const jobId = await stage.setModel("model-2");
  await hold.reached;
  await first.close();
  stage.embedder.before = undefined;
  await stage.startProcess();
  expect(await stage.settled(jobId)).toMatchObject({ state: "done" });
  expect(stage.embedder.given.filter(({ model }) => model === "model-2")).toHaveLength(300);
});

it("leaves the base as it was when the model cannot be had, and documents do not wait for it", async () => {
  await using stage = await openIngestStage();
  await stage.startProcess();
  await stage.settled((await stage.upload("a", toLines(3))).jobId);
  stage.embedder.before = ({ model }) => {
    if (model === "model-2") throw new DomainError("model_not_found");
  };
  expect(await stage.settled(await stage.setModel("model-2"))).toMatchObject({
    state: "failed",
    failure: { code: "model_not_found" },
  });
  expect(await stage.storage.bases.find(stage.baseId)).toMatchObject({
    embeddingModel: "model-1",
    nextEmbeddingModel: null,
  });
  await stage.settled((await stage.upload("b", ["afterwards"])).jobId);
  expect(await stage.listFound()).toHaveLength(4);
});
