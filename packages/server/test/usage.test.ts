import {
  DomainError,
  listUsageInput,
  usageSummaryInput,
  type ListUsageInput,
  type UsageRow,
} from "@llm-backend/contract";
import type { Storage } from "@llm-backend/storage";
import { describe, expect, it } from "vitest";
import { createOutcome, openKeyStage, unitPrices, type KeyStage } from "./key-stage.ts";
import { codeOf } from "./open-services.ts";

const dayMs = 86_400_000;

/** A user as a viewer; it does not matter here how they logged in. */
async function addViewer(stage: KeyStage, username: string, role: "user" | "admin" = "user") {
  const user = await stage.backend.services.users.create({ username, password: "correct horse", role });
  return { userId: user.id, username, role, sessionId: "" };
}

/** Everything around the stage's present. */
function around(stage: KeyStage) {
  const { now } = stage.clock;
  return { from: new Date(now - 30 * dayMs), to: new Date(now + 30 * dayMs) };
}

const readList = (input: Record<string, unknown>) => listUsageInput.parse(input);

/** All pages of a list, one after the other. */
async function listAll(
  stage: KeyStage,
  viewer: Parameters<typeof stage.backend.services.usage.list>[0],
  input: ListUsageInput,
) {
  const rows: UsageRow[] = [];
  let cursor: string | undefined;
  for (;;) {
    const page = await stage.backend.services.usage.list(viewer, {
      ...input,
      ...(cursor === undefined ? {} : { cursor }),
    });
    rows.push(...page.rows);
    if (page.nextCursor === null) return rows;
    cursor = page.nextCursor;
  }
}

describe("usage", () => {
  it("is summed up by day, model, key, user and upstream, in pages", async () => {
    await using stage = await openKeyStage();
    const { ledger } = stage.backend.services;
    const viewer = await addViewer(stage, "root", "admin");
    const { key, access } = await stage.createKey({ name: "Busy", userId: viewer.userId });
    const { access: nobodys } = await stage.createKey({ name: "Nobody's" });
    await (await stage.admit(access)).end(createOutcome());
    await (await stage.admit(nobodys)).end(createOutcome({ upstream: "two" }));
    stage.clock.now += dayMs;
    ledger.settleRun({
      runId: `run_${"0".repeat(26)}`,
      userId: viewer.userId,
      modelAsked: "unknown",
      model: undefined,
      upstream: undefined,
      usage: { promptTokens: 3, cachedTokens: 2, completionTokens: 4, reasoningTokens: 1 },
    });
    const period = { ...around(stage), owner: "all", limit: 1 };
    const groups = async (by: string) =>
      (await listAll(stage, viewer, readList({ ...period, by }))).map((row) => [row.group, row.requests]);
    expect(await groups("day")).toEqual([
      ["2026-06-01", 2],
      ["2026-06-02", 1],
    ]);
    expect(await groups("model")).toEqual([
      ["priced", 2],
      ["unknown", 1],
    ]);
    expect(await groups("upstream")).toEqual([
      [null, 1],
      ["one", 1],
      ["two", 1],
    ]);
    expect(await groups("user")).toEqual([
      [null, 1],
      [String(viewer.userId), 2],
    ]);
    const keys = await listAll(stage, viewer, readList({ ...period, by: "key" }));
    expect(keys.map(({ name }) => name)).toEqual([undefined, "Busy", "Nobody's"]);
    expect(keys[1]).toMatchObject({ group: key.keyId, promptTokens: 10, completionTokens: 5, costNanos: 20 });
    expect(
      await stage.backend.services.usage.summarize(
        viewer,
        usageSummaryInput.parse({ ...around(stage), owner: "all" }),
      ),
    ).toEqual({
      requests: 3,
      promptTokens: 23,
      completionTokens: 14,
      reasoningTokens: 1,
      cachedTokens: 2,
      costNanos: 40,
      requestsUnpriced: 1,
    });
  });

  it("of others is shown to administrators only", async () => {
    await using stage = await openKeyStage();
    const { usage } = stage.backend.services;
    const [admin, user, other] = [
      await addViewer(stage, "root", "admin"),
      await addViewer(stage, "one"),
      await addViewer(stage, "two"),
    ];
    const { access } = await stage.createKey({ userId: other.userId });
    await (await stage.admit(access)).end(createOutcome());
    const ask = (viewer: typeof user, owner: unknown, keyId?: string) =>
      usage.summarize(
        viewer,
        usageSummaryInput.parse({ ...around(stage), owner, ...(keyId === undefined ? {} : { keyId }) }),
      );
    for (const owner of ["all", other.userId]) expect(await codeOf(ask(user, owner))).toBe("forbidden");
    expect((await ask(user, "me", access.keyId ?? "")).requests).toBe(0);
    for (const owner of ["me", other.userId]) expect((await ask(other, owner)).requests).toBe(1);
    for (const owner of ["all", other.userId]) expect((await ask(admin, owner)).requests).toBe(1);
    expect((await ask(admin, "me")).requests).toBe(0);
  });

  it("is summed up over a year at most, from a cursor of its own list", async () => {
    await using stage = await openKeyStage();
    const { usage } = stage.backend.services;
    const viewer = await addViewer(stage, "one");
    const long = { from: new Date(0), to: new Date(367 * dayMs) };
    expect(await codeOf(usage.summarize(viewer, usageSummaryInput.parse(long)))).toBe("invalid_input");
    for (const cursor of ["x", "=abc", "=1.5"])
      expect(await codeOf(usage.list(viewer, readList({ ...around(stage), by: "day", cursor })))).toBe(
        "invalid_input",
      );
  });
});

describe("the ledger", () => {
  it("says who counted, and never takes what nobody knows for zero", async () => {
    await using stage = await openKeyStage();
    const { access } = await stage.createKey();
    const end = async (given: Parameters<typeof createOutcome>[0]) =>
      (await stage.admit(access)).end(createOutcome(given));
    expect(await end({ usage: undefined, completionTokensCounted: 3 })).toEqual({
      usage: { promptTokens: 10, completionTokens: 3 },
      usageSource: "counted",
      costNanos: 16,
    });
    expect(await end({ completionTokensCounted: 3 })).toMatchObject({
      usageSource: "provider",
      costNanos: 20,
    });
    expect(await end({ usage: undefined })).toEqual({ usage: {}, usageSource: "none", costNanos: undefined });
    expect((await end({ usage: { completionTokens: 3 } })).usage).toEqual({ completionTokens: 3 });
    await stage.backend.services.ledger.flush();
    const sum = await stage.storage.ledger.sum({ from: 0, to: stage.clock.now + 1 });
    expect(sum).toMatchObject({ requests: 4, requestsUnpriced: 1 });
  });

  it("takes the price of the model that answered, or else of the one that was asked for", async () => {
    await using stage = await openKeyStage();
    const { access } = await stage.createKey();
    const { prices } = stage.backend.services;
    await prices.set({ model: "answered", prices: { input: 5_000_000, output: 0 } });
    const costOf = async (model: string) =>
      (await (await stage.admit(access)).end(createOutcome({ model }))).costNanos;
    expect([await costOf("answered"), await costOf("alias")]).toEqual([50, 20]);
  });

  it("has one line for a run, however often it is told", async () => {
    await using stage = await openKeyStage();
    const { ledger } = stage.backend.services;
    const runId = `run_${"1".repeat(26)}`;
    for (const promptTokens of [1, 2]) {
      ledger.settleRun({
        runId,
        userId: 7,
        modelAsked: "priced",
        model: "priced",
        upstream: "one",
        usage: { promptTokens },
      });
      await ledger.flush();
    }
    expect(await stage.storage.ledger.find(runId)).toMatchObject({
      usage: { promptTokens: 1 },
      keyId: null,
      userId: 7,
    });
  });

  it("takes names that no database would", async () => {
    await using stage = await openKeyStage();
    const { access } = await stage.createKey();
    const requestId = `req_${"2".repeat(26)}`;
    const model = `a\0b\ud800${"c".repeat(1000)}`;
    await (await stage.admit(access, { requestId })).end(createOutcome({ model }));
    await stage.backend.services.ledger.flush();
    const stored = (await stage.storage.ledger.find(requestId))?.model ?? "";
    expect(stored.isWellFormed()).toBe(true);
    expect(stored).toMatch(/^ab\ufffdc{250,}$/);
  });

  it("waits for a database that fails, and then has every line and every settlement, once", async () => {
    let isBroken = false;
    const failing = () => Promise.reject(new Error("disk full"));
    const wrap = (storage: Storage): Storage => ({
      ...storage,
      transaction: (work) => (isBroken ? failing() : storage.transaction(work)),
      relaxedTransaction: (work) => (isBroken ? failing() : storage.relaxedTransaction(work)),
    });
    await using stage = await openKeyStage({}, { wrap });
    const { keys, ledger } = stage.backend.services;
    const { key, access } = await stage.createKey({ budget: { nanos: 1000, window: "day" } });
    const { access: plain } = await stage.createKey();
    const admissions = [await stage.admit(access), await stage.admit(access), await stage.admit(plain)];
    isBroken = true;
    for (const admission of admissions) expect((await admission.end(createOutcome())).costNanos).toBe(20);
    expect(ledger.state()).toEqual({ waiting: 3, shed: 0 });
    expect(stage.errors.length).toBeGreaterThan(0);
    isBroken = false;
    await ledger.flush();
    expect(ledger.state()).toEqual({ waiting: 0, shed: 0 });
    const holder = { userId: null, role: "admin" } as const;
    expect((await keys.get(holder, key.keyId)).spending).toMatchObject({ spentNanos: 40, reservedNanos: 0 });
    expect((await stage.storage.ledger.sum({ from: 0, to: stage.clock.now + 1 })).requests).toBe(3);
  });

  it("writes what waits before the process ends", async () => {
    await using stage = await openKeyStage();
    const { access } = await stage.createKey();
    await (await stage.admit(access)).end(createOutcome());
    await stage.backend.drain(AbortSignal.abort());
    expect((await stage.storage.ledger.sum({ from: 0, to: stage.clock.now + 1 })).requests).toBe(1);
  });
});

describe("prices", () => {
  it("of the operator hide those of the configuration, until they are removed", async () => {
    await using stage = await openKeyStage();
    const { prices } = stage.backend.services;
    const mine = { model: "priced", prices: { input: 7, output: 7 } };
    await prices.set(mine);
    expect(prices.find("priced")).toEqual(mine.prices);
    expect((await prices.list()).slice(0, 2)).toEqual([
      { ...mine, source: "operator" },
      { model: "priced", prices: unitPrices, source: "configuration" },
    ]);
    await prices.remove({ model: "priced" });
    expect(prices.find("priced")).toEqual(unitPrices);
    expect(await codeOf(prices.remove({ model: "priced" }))).toBe("not_found");
  });

  it("that another process set are in force soon after", async () => {
    await using stage = await openKeyStage();
    const { prices } = stage.backend.services;
    await prices.load();
    await stage.storage.prices.put({ model: "priced", prices: { input: 1, output: 1 } }, 1);
    stage.clock.now += 10_001;
    expect(prices.find("priced")).toEqual(unitPrices);
    // A later question waits for the same reading.
    await prices.load();
    expect(prices.find("priced")).toEqual({ input: 1, output: 1 });
  });

  it("stay in force when they cannot be read again", async () => {
    let isBroken = false;
    const wrap = (storage: Storage): Storage => ({
      ...storage,
      prices: {
        ...storage.prices,
        list: () => (isBroken ? Promise.reject(new DomainError("internal")) : storage.prices.list()),
      },
    });
    await using stage = await openKeyStage({}, { wrap });
    const { prices } = stage.backend.services;
    await prices.set({ model: "priced", prices: { input: 1, output: 1 } });
    isBroken = true;
    stage.clock.now += 60_000;
    for (let tries = 0; tries < 3; tries++) expect(prices.find("priced")?.input).toBe(1);
    await expect.poll(() => stage.errors.length).toBe(1);
    expect(prices.find("priced")?.input).toBe(1);
  });
});
