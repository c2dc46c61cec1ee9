import { DomainError } from "@llm-backend/contract";
import { expect, it, vi } from "vitest";
import { createHold } from "./fake-embedder.ts";
import { openIngestStage } from "./ingest-stage.ts";

const toLines = (count: number, word = "line") =>
  Array.from({ length: count }, (_, index) => `${word} ${index}`);

/** Waits until something holds, on a machine that may be busy with others. */
const atLast = (holds: () => unknown) => vi.waitFor(holds, { timeout: 15_000, interval: 10 });

it("makes a document found when all of it is stored and embedded, and not before", async () => {
  await using stage = await openIngestStage();
  const lines = toLines(300);
  const hold = createHold();
  stage.embedder.before = (call) => (stage.embedder.given.length >= 128 ? hold.wait(call) : undefined);
  const { jobId, documentId } = await stage.upload("a.txt", lines);
  const first = await stage.startProcess();
  await hold.reached;
  expect(await stage.listFound()).toEqual([]);
  expect(await stage.storage.knowledgeJobs.find(jobId)).toMatchObject({
    state: "running",
    done: 128,
    total: 300,
  });
  expect(await stage.storage.documents.find(documentId)).toMatchObject({
    isSearchable: false,
    newest: { state: "embedding", passages: 300 },
  });
  await first.close();
  stage.embedder.before = undefined;
  await stage.startProcess();
  expect(await stage.settled(jobId)).toMatchObject({ state: "done", done: 300, total: 300, failure: null });
  expect(await stage.listFound()).toEqual(lines);
  expect(await stage.storage.documents.find(documentId)).toMatchObject({ isSearchable: true });
});

it("goes on embedding where the process before has stopped", async () => {
  await using stage = await openIngestStage();
  const hold = createHold();
  stage.embedder.before = (call) => (stage.embedder.given.length >= 256 ? hold.wait(call) : undefined);
  const { jobId } = await stage.upload("a.txt", toLines(400));
  const first = await stage.startProcess();
  await hold.reached;
  await first.close();
  stage.embedder.before = undefined;
  await stage.startProcess();
  await stage.settled(jobId);
  const texts = stage.embedder.given.map(({ text }) => text);
  expect(texts.toSorted()).toEqual(toLines(400).toSorted());
});

it("keeps what was found until another content of the document takes its place, at once", async () => {
  await using stage = await openIngestStage();
  let leftovers = 0;
  await stage.startProcess({ onLeftovers: () => leftovers++ });
  await stage.settled((await stage.upload("a.txt", toLines(3, "old"))).jobId);
  const hold = createHold();
  stage.embedder.before = hold.wait;
  const replaced = await stage.upload("a.txt", toLines(3, "lost"));
  await hold.reached;
  expect(await stage.listFound()).toEqual(toLines(3, "old"));
  stage.embedder.before = undefined;
  const { jobId } = await stage.upload("a.txt", toLines(2, "new"));
  expect(await stage.settled(jobId)).toMatchObject({ state: "done" });
  expect(await stage.listFound()).toEqual(toLines(2, "new"));
  expect(await stage.storage.knowledgeJobs.find(replaced.jobId)).toMatchObject({ state: "cancelled" });
  expect(leftovers).toBeGreaterThan(1);
  expect((await stage.storage.documents.listLeftovers(9)).map(({ isGone }) => isGone)).toEqual([true, true]);
});

it("leaves the upstream within 100 ms when a job is cancelled, also by another process", async () => {
  await using stage = await openIngestStage();
  const { jobId, versionId } = await stage.upload("a.txt", toLines(3));
  const hold = createHold();
  stage.embedder.before = hold.wait;
  await stage.startProcess({ settings: { lookMs: 50 } });
  await hold.reached;
  await stage.storage.transaction(async (tx) => {
    await tx.knowledgeJobs.cancel(jobId, stage.clock.now);
    await tx.documents.setVersionState(versionId, "cancelled", { at: stage.clock.now });
  });
  const cancelledAt = performance.now();
  expect((await hold.left) - cancelledAt).toBeLessThan(100);
  expect(await stage.settled(jobId)).toMatchObject({ state: "cancelled", failure: null });
  expect(await stage.listFound()).toEqual([]);
  expect(stage.errors).toEqual([]);
});

it("leaves it at once when it is told so", async () => {
  await using stage = await openIngestStage();
  const { documentId } = await stage.upload("a.txt", toLines(3));
  const hold = createHold();
  stage.embedder.before = hold.wait;
  const ingest = await stage.startProcess({ settings: { lookMs: 60_000, pollMs: 60_000 } });
  await hold.reached;
  await stage.storage.transaction((tx) => tx.documents.delete(documentId, stage.clock.now));
  ingest.wake();
  await hold.left;
});

it("tries again what may pass, when the upstream has said, and goes on where it was", async () => {
  await using stage = await openIngestStage();
  const { jobId, documentId } = await stage.upload("a.txt", toLines(200));
  stage.embedder.before = () => {
    if (stage.embedder.given.length < 128) return;
    throw new DomainError("upstream_rate_limited", undefined, { details: { retryAfterMs: 7000 } });
  };
  await stage.startProcess();
  const waiting = await stage.settled(jobId);
  expect(waiting).toMatchObject({ state: "waiting", failure: { code: "upstream_rate_limited" }, done: 128 });
  expect(waiting.nextAt).toBe(stage.clock.now + 7000);
  expect(await stage.storage.documents.find(documentId)).toMatchObject({ newest: { state: "embedding" } });
  stage.embedder.before = undefined;
  stage.clock.now += 7000;
  await atLast(async () =>
    expect(await stage.storage.knowledgeJobs.find(jobId)).toMatchObject({ state: "done" }),
  );
  expect(stage.embedder.given).toHaveLength(200);
  expect(await stage.listFound()).toEqual(toLines(200));
});

it("waits longer with each try, and gives up after many", async () => {
  await using stage = await openIngestStage();
  const { jobId, documentId } = await stage.upload("a.txt", toLines(3));
  let asked = 0;
  stage.embedder.before = () => {
    asked++;
    throw new DomainError("upstream_unavailable");
  };
  const waits: number[] = [];
  const settings = { triesMax: 4, retryMs: 1000, retryMsMax: 3000 };
  await stage.startProcess({ settings });
  let job = await stage.settled(jobId);
  while (job.state === "waiting") {
    waits.push(job.nextAt - stage.clock.now);
    stage.clock.now = job.nextAt;
    const tries = asked;
    await atLast(() => expect(asked).toBe(tries + 1));
    job = await stage.settled(jobId);
  }
  expect(waits).toEqual([1000, 2000, 3000]);
  const failure = { code: "upstream_unavailable" };
  expect(job).toMatchObject({ state: "failed", failure });
  expect(await stage.storage.documents.find(documentId)).toMatchObject({
    newest: { state: "failed", failure },
  });
});

it.each([
  ["too few vectors", (texts: readonly string[]) => texts.slice(1).map(() => Float32Array.of(1, 2, 3))],
  ["numbers that are none", (texts: readonly string[]) => texts.map(() => Float32Array.of(1, Number.NaN, 3))],
  ["empty vectors", (texts: readonly string[]) => texts.map(() => new Float32Array(0))],
  [
    "vectors of another length than those before",
    (texts: readonly string[]) => texts.map(() => Float32Array.of(1)),
  ],
])("fails at once, with nothing found, for %s; it can be tried again", async (_what, toVectors) => {
  await using stage = await openIngestStage();
  await stage.startProcess();
  await stage.settled((await stage.upload("sound.txt", toLines(2, "sound"))).jobId);
  const sound = stage.embedder.toVectors;
  stage.embedder.toVectors = toVectors;
  const uploaded = await stage.upload("a.txt", toLines(3));
  const { state, failure } = await stage.settled(uploaded.jobId);
  expect([state, failure?.message]).toEqual([
    "failed",
    expect.stringMatching(/^The embedding model gave .+\.$/),
  ]);
  expect(await stage.listFound()).toEqual(toLines(2, "sound"));
  stage.embedder.toVectors = sound;
  expect(await stage.settled(await stage.retry(uploaded))).toMatchObject({ state: "done" });
  expect((await stage.listFound()).toSorted()).toEqual([...toLines(3), ...toLines(2, "sound")]);
});

it("tells what is wrong with a document that cannot be read", async () => {
  await using stage = await openIngestStage();
  const reader = {
    async *read() {
      await Promise.resolve();
      throw new DomainError("document_unreadable", "The document is encrypted.");
    },
  };
  await stage.startProcess({ reader });
  const { jobId, documentId } = await stage.upload("a.txt", ["x"]);
  const failure = { code: "document_unreadable", message: "The document is encrypted." };
  expect(await stage.settled(jobId)).toMatchObject({ state: "failed", failure });
  expect(await stage.storage.documents.find(documentId)).toMatchObject({
    newest: { state: "failed", failure },
  });
});

it("takes no more texts that are far larger than their files where their owner has many passages already", async () => {
  await using stage = await openIngestStage();
  const reader = {
    async *read() {
      const end = 40_000;
      for (let position = 0; position < 4; position++)
        yield [
          { position, start: position * end, end: (position + 1) * end, headings: [], content: "Much." },
        ];
    },
  };
  await stage.startProcess({ reader, settings: { passagesPerUserMax: 4 } });
  const first = await stage.upload("a.txt", ["A"]);
  expect(await stage.settled(first.jobId)).toMatchObject({ state: "done" });
  const second = await stage.upload("b.txt", ["B"]);
  const refused = await stage.settled(second.jobId);
  expect(refused).toMatchObject({ state: "failed", failure: { code: "quota_exceeded" } });
  expect(await stage.listFound()).toHaveLength(4);
  // Another user has room.
  const other = await stage.upload("b.txt", ["B"], await stage.addBase());
  expect(await stage.settled(other.jobId)).toMatchObject({ state: "done" });
  await stage.storage.documents.delete(first.documentId, stage.clock.now);
  expect(await stage.settled(await stage.retry(second))).toMatchObject({ state: "done" });
});

it("keeps the reason of a fault of its own to itself", async () => {
  await using stage = await openIngestStage();
  stage.embedder.before = () => {
    throw new TypeError("secret path");
  };
  await stage.startProcess();
  const { failure } = await stage.settled((await stage.upload("a.txt", ["x"])).jobId);
  expect(failure).toEqual({ code: "internal", message: "Internal error" });
  expect(stage.errors).toEqual([new TypeError("secret path")]);
});

it("says that a passage is longer than the model takes", async () => {
  await using stage = await openIngestStage();
  stage.embedder.charsMax = 10;
  await stage.startProcess();
  const { jobId } = await stage.upload("a.txt", ["short", "a long passage", "another long one"]);
  const { state, failure } = await stage.settled(jobId);
  expect([state, failure?.code]).toEqual(["done", "context_too_long"]);
  expect(failure?.message).toContain("2 of the passages are longer");
});

it("pays with the owner's account", async () => {
  await using stage = await openIngestStage();
  const base = await stage.storage.bases.find(stage.baseId);
  const payers = new Set<number>();
  stage.embedder.before = ({ userId }) => void payers.add(userId);
  await stage.startProcess();
  await stage.settled((await stage.upload("a.txt", ["x"])).jobId);
  expect([...payers]).toEqual([base?.userId]);
});

it("does nothing while the process is short of something", async () => {
  await using stage = await openIngestStage();
  let isUnderPressure = true;
  let asked = 0;
  const ask = () => {
    asked++;
    return isUnderPressure;
  };
  await stage.startProcess({ isUnderPressure: ask });
  const { jobId } = await stage.upload("a.txt", ["x"]);
  await atLast(() => expect(asked).toBeGreaterThan(5));
  expect(await stage.storage.knowledgeJobs.find(jobId)).toMatchObject({ state: "waiting" });
  isUnderPressure = false;
  expect(await stage.settled(jobId)).toMatchObject({ state: "done" });
});
