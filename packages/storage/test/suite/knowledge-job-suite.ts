import { expect, it } from "vitest";
import { insertBase } from "./knowledge-rows.ts";
import type { OpenDatabase } from "./open-database.ts";
import { nextTextId } from "./rows.ts";

const failure = { code: "upstream_unavailable", message: "Not today." } as const;

/** What every database guarantees of the jobs of knowledge bases. */
export function testKnowledgeJobs(open: OpenDatabase): void {
  it("gives each job to one process, the one that has waited longest first", async () => {
    await using database = await open();
    const { knowledgeJobs: jobs } = database.storage;
    const { id: baseId } = await insertBase(database.storage);
    const ids = ["job", "job", "job"].map(nextTextId);
    for (const id of ids) await jobs.insert({ id, kind: "ingest", baseId, createdAt: 10 });
    expect(await jobs.findNextAt()).toBe(10);
    expect(await jobs.claim("p", 9, 100)).toBeUndefined();
    const claimed = await Promise.all([jobs.claim("p", 10, 100), jobs.claim("q", 10, 100)]);
    expect(claimed.map((job) => job?.id)).toEqual(ids.slice(0, 2));
    expect(claimed[0]).toMatchObject({ state: "running", owner: "p", attempts: 1, failure: null });
    expect((await jobs.claim("p", 10, 100))?.id).toBe(ids[2]);
    expect(await jobs.claim("p", 10, 100)).toBeUndefined();
    expect(await jobs.findNextAt()).toBeUndefined();
  });

  it("takes a job over from a process that is not heard of any more", async () => {
    await using database = await open();
    const { knowledgeJobs: jobs } = database.storage;
    const { id: baseId } = await insertBase(database.storage);
    await jobs.insert({ id: "job_1", kind: "re-embed", baseId, spaceId: 7, createdAt: 0 });
    await jobs.claim("p", 0, 100);
    expect(await jobs.progress("job_1", "p", { done: 3, total: 9, leasedUntil: 200 })).toBe(true);
    expect(await jobs.claim("q", 150, 100)).toBeUndefined();
    expect(await jobs.claim("q", 201, 100)).toMatchObject({ id: "job_1", done: 3, total: 9, attempts: 1 });
    expect(await jobs.progress("job_1", "p", { done: 4, total: 9, leasedUntil: 300 })).toBe(false);
    expect(await jobs.finish("job_1", "p", { at: 5 })).toBe(false);
    expect(await jobs.releaseOwner("q")).toBe(1);
    expect(await jobs.find("job_1")).toMatchObject({
      state: "waiting",
      owner: null,
      spaceId: 7,
      attempts: 0,
    });
  });

  it("knows whose jobs are whose, and puts back those of processes that are gone", async () => {
    await using database = await open();
    const { knowledgeJobs: jobs } = database.storage;
    const { id: baseId } = await insertBase(database.storage);
    expect(await jobs.isDue(5)).toBe(false);
    for (const id of ["job_1", "job_2"]) await jobs.insert({ id, kind: "ingest", baseId, createdAt: 5 });
    expect([await jobs.isDue(4), await jobs.isDue(5)]).toEqual([false, true]);
    await jobs.claim("p", 5, 100);
    await jobs.claim("q", 5, 100);
    expect(await jobs.isDue(105)).toBe(false);
    expect(await jobs.extend("p", ["job_1", "job_2"], 300)).toEqual(["job_1"]);
    expect(await jobs.listHeld("q")).toEqual(["job_2"]);
    expect(await jobs.isDue(106)).toBe(true);
    expect(await jobs.releaseOthers(["p", "r"])).toBe(1);
    expect([await jobs.listHeld("p"), await jobs.listHeld("q")]).toEqual([["job_1"], []]);
    expect(await jobs.releaseOthers([])).toBe(1);
  });

  it("is fair between users: who has many jobs does not keep others waiting", async () => {
    await using database = await open();
    const { knowledgeJobs: jobs } = database.storage;
    const busy = [await insertBase(database.storage)];
    const [{ userId } = { userId: 0 }] = busy;
    busy.push(await insertBase(database.storage, { userId }));
    const other = await insertBase(database.storage);
    const insert = (id: string, baseId: string, createdAt: number) =>
      jobs.insert({ id, kind: "ingest", baseId, createdAt });
    for (const [index, { id }] of [...busy, ...busy].entries()) await insert(`job_busy${index}`, id, index);
    await insert("job_other1", other.id, 10);
    await insert("job_other2", other.id, 11);
    const taken: string[] = [];
    for (let job = await jobs.claim("p", 99, 100); job !== undefined; job = await jobs.claim("p", 99, 100))
      taken.push(job.id);
    expect(taken).toEqual(["job_busy0", "job_other1", "job_busy1", "job_other2", "job_busy2", "job_busy3"]);
  });

  it("ends a job once: done, failed, cancelled, or later", async () => {
    await using database = await open();
    const { knowledgeJobs: jobs } = database.storage;
    const { id: baseId } = await insertBase(database.storage);
    const ids = ["job", "job", "job", "job"].map(nextTextId);
    const [done = "", failed = "", cancelled = "", later = ""] = ids;
    for (const id of ids) {
      await jobs.insert({ id, kind: "ingest", baseId, createdAt: 0 });
      await jobs.claim("p", 0, 100);
    }
    expect(await jobs.finish(done, "p", { at: 5 })).toBe(true);
    expect(await jobs.finish(failed, "p", { at: 5, failure })).toBe(true);
    expect(await jobs.cancel(cancelled, 5)).toBe(true);
    expect(await jobs.cancel(cancelled, 6)).toBe(false);
    expect(await jobs.progress(cancelled, "p", { done: 1, total: 1, leasedUntil: 9 })).toBe(false);
    expect(await jobs.retryAt(later, "p", { at: 1000, failure })).toBe(true);
    expect(await jobs.claim("p", 999, 100)).toBeUndefined();
    expect((await jobs.listOfBase(baseId, { limit: 9 })).map(({ state }) => state)).toEqual([
      "waiting",
      "cancelled",
      "failed",
      "done",
    ]);
    expect(await jobs.listOfBase(baseId, { before: cancelled, limit: 1 })).toMatchObject([
      { id: failed, failure },
    ]);
    expect(await jobs.listOpen([baseId])).toMatchObject([{ id: later, failure, nextAt: 1000 }]);
    await jobs.cancelOfBase(baseId, 7);
    expect(await jobs.listOpen([baseId])).toEqual([]);
    expect(await jobs.deleteEnded(6, 9)).toBe(3);
  });
}
