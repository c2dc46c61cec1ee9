import { DomainError } from "@llm-backend/contract";
import type { Storage } from "@llm-backend/storage";
import { expect, it, vi } from "vitest";
import { createHold } from "./fake-embedder.ts";
import { openIngestStage } from "./ingest-stage.ts";

/** Waits until something holds, on a machine that may be busy with others. */
const atLast = (holds: () => unknown) => vi.waitFor(holds, { timeout: 15_000, interval: 10 });

it("does each job once, in whichever of several processes", async () => {
  await using stage = await openIngestStage();
  const uploads = await Promise.all(
    Array.from({ length: 24 }, (_, index) => stage.upload(`${index}.txt`, [`text ${index}`])),
  );
  await Promise.all([stage.startProcess(), stage.startProcess(), stage.startProcess()]);
  for (const { jobId } of uploads) expect(await stage.settled(jobId)).toMatchObject({ state: "done" });
  const texts = stage.embedder.given.map(({ text }) => text);
  expect(texts.toSorted()).toEqual(Array.from({ length: 24 }, (_, index) => `text ${index}`).toSorted());
  expect(await stage.listFound()).toHaveLength(24);
  expect(stage.errors).toEqual([]);
});

it("takes over what a process has that is not heard of, which then changes nothing any more", async () => {
  await using stage = await openIngestStage();
  const { jobId } = await stage.upload("a.txt", ["text"]);
  const asleep = Promise.withResolvers<void>();
  const reached = Promise.withResolvers<void>();
  let isFirst = true;
  stage.embedder.before = () => {
    if (!isFirst) return undefined;
    isFirst = false;
    reached.resolve();
    return asleep.promise;
  };
  // It looks after nothing: as good as dead.
  await stage.startProcess({ settings: { lookMs: 60_000, pollMs: 60_000, leaseMs: 30_000 } });
  await reached.promise;
  await stage.startProcess();
  stage.clock.now += 30_001;
  expect(await stage.settled(jobId)).toMatchObject({ state: "done", attempts: 1 });
  asleep.resolve();
  await atLast(() => expect(stage.embedder.given).toHaveLength(2));
  expect(await stage.listFound()).toEqual(["text"]);
  expect(await stage.storage.knowledgeJobs.find(jobId)).toMatchObject({ state: "done", failure: null });
  expect(stage.errors).toEqual([]);
});

it("takes over at once what a process had that is known to be gone", async () => {
  await using stage = await openIngestStage();
  const { jobId } = await stage.upload("a.txt", ["text"]);
  await stage.storage.knowledgeJobs.claim("a process that is gone", stage.clock.now, 30_000);
  const ingest = await stage.startProcess({ owner: "this one" });
  expect(await ingest.recover(["this one", "another one"])).toBe(1);
  expect(await stage.settled(jobId)).toMatchObject({ state: "done", attempts: 1 });
});

it("keeps a job that takes long, as long as its process lives", async () => {
  await using stage = await openIngestStage();
  const { jobId } = await stage.upload("a.txt", ["text"]);
  const hold = createHold();
  stage.embedder.before = hold.wait;
  await stage.startProcess({ owner: "one", settings: { leaseMs: 30_000 } });
  await hold.reached;
  await stage.startProcess({ owner: "two" });
  for (let minute = 0; minute < 5; minute++) {
    stage.clock.now += 12_000;
    const until = stage.clock.now + 30_000;
    await atLast(async () => expect(await stage.storage.knowledgeJobs.isDue(until - 1)).toBe(false));
  }
  expect(await stage.storage.knowledgeJobs.find(jobId)).toMatchObject({ state: "running", owner: "one" });
});

it("takes up again what failed when that could not even be written down", async () => {
  await using stage = await openIngestStage();
  const { jobId } = await stage.upload("a.txt", ["text"]);
  const long = await stage.upload("b.txt", ["long"]);
  const hold = createHold();
  const disk = new Error("the disk takes nothing");
  let failures = 0;
  const storage: Storage = {
    ...stage.storage,
    transaction: (work) => (failures++ === 0 ? Promise.reject(disk) : stage.storage.transaction(work)),
  };
  stage.embedder.before = (call) => {
    if (call.texts.includes("long")) return hold.wait(call);
    throw new DomainError("model_not_found");
  };
  const broken = await stage.startProcess({ storage });
  await atLast(() => expect(stage.errors).toEqual([disk]));
  await hold.reached;
  stage.embedder.before = (call) => (call.texts.includes("long") ? hold.wait(call) : undefined);
  await stage.startProcess();
  // The process lives, and still has the other one.
  for (let step = 0; step < 4; step++) {
    stage.clock.now += 12_000;
    const { now } = stage.clock;
    await atLast(async () => expect(await stage.storage.knowledgeJobs.isDue(now)).toBe(false));
  }
  expect(await stage.settled(jobId)).toMatchObject({ state: "done" });
  expect(await stage.storage.knowledgeJobs.find(long.jobId)).toMatchObject({ state: "running" });
  await broken.close();
});

it("works on no more jobs at a time than it may, and lets every user have a turn", async () => {
  await using stage = await openIngestStage();
  const other = await stage.addBase();
  const uploads = await Promise.all(
    Array.from({ length: 8 }, (_, index) => stage.upload(`${index}.txt`, [`mine ${index}`])),
  );
  stage.clock.now += 1;
  uploads.push(await stage.upload("theirs.txt", ["theirs"], other));
  let open = 0;
  let openMost = 0;
  const pair = Promise.withResolvers<void>();
  stage.embedder.before = async () => {
    openMost = Math.max(openMost, ++open);
    if (open === 2) pair.resolve();
    await pair.promise;
    open--;
  };
  await stage.startProcess({ settings: { jobsMax: 2 } });
  for (const { jobId } of uploads) await stage.settled(jobId);
  expect(openMost).toBe(2);
  expect(stage.embedder.given.findIndex(({ text }) => text === "theirs")).toBeLessThan(3);
});
