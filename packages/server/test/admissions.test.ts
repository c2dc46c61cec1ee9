import { DomainError } from "@llm-backend/contract";
import { operator } from "@llm-backend/server";
import type { Storage } from "@llm-backend/storage";
import { describe, expect, it } from "vitest";
import { createOutcome, openKeyStage, unitPrices, type KeyStage } from "./key-stage.ts";
import { codeOf } from "./open-services.ts";

const dayMs = 86_400_000;

/** What a key has spent, and what is held for it. */
async function spendingOf(stage: KeyStage, keyId: string) {
  const { spending } = await stage.backend.services.keys.get(operator, keyId);
  return [spending?.spentNanos, spending?.reservedNanos];
}

/** The domain error that a promise rejects with. */
async function refusalOf(promise: Promise<unknown>): Promise<DomainError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (DomainError.is(error)) return error;
  throw new Error("It was let in.");
}

/** Counts what reaches the database. */
function countCalls(storage: Storage): { storage: Storage; calls: string[] } {
  const calls: string[] = [];
  const watched = <T extends object>(target: T, path: string): T =>
    new Proxy(target, {
      get(owner, name) {
        const value: unknown = Reflect.get(owner, name);
        if (typeof value === "function")
          return (...given: unknown[]): unknown => {
            calls.push(`${path}${String(name)}`);
            return Reflect.apply(value, owner, given);
          };
        return typeof value === "object" && value !== null
          ? watched(value, `${path}${String(name)}.`)
          : value;
      },
    });
  return { storage: watched(storage, ""), calls };
}

describe("a budget", () => {
  it("holds what a request may cost, and is charged what it did cost", async () => {
    await using stage = await openKeyStage();
    const { key, access } = await stage.createKey({ budget: { nanos: 100, window: "day" } });
    const admission = await stage.admit(access);
    expect(await spendingOf(stage, key.keyId)).toEqual([0, 50]);
    const usage = { promptTokens: 10, completionTokens: 5 };
    expect(await admission.end(createOutcome())).toEqual({ usage, usageSource: "provider", costNanos: 20 });
    expect(await spendingOf(stage, key.keyId)).toEqual([20, 0]);
  });

  it("is charged once, however often a request is ended", async () => {
    await using stage = await openKeyStage();
    const { key, access } = await stage.createKey({ budget: { nanos: 100, window: "day" } });
    const admission = await stage.admit(access);
    const charges = await Promise.all([1, 2, 3].map(() => admission.end(createOutcome())));
    expect(new Set(charges.map(({ costNanos }) => costNanos))).toEqual(new Set([20]));
    expect(await spendingOf(stage, key.keyId)).toEqual([20, 0]);
  });

  it("gets all of it back when nothing was answered", async () => {
    await using stage = await openKeyStage();
    const { key, access } = await stage.createKey({ budget: { nanos: 100, window: "day" } });
    const admission = await stage.admit(access);
    const charge = await admission.end(createOutcome({ isBillable: false }));
    expect(charge).toEqual({ usage: {}, usageSource: "none", costNanos: undefined });
    expect(await spendingOf(stage, key.keyId)).toEqual([0, 0]);
  });

  it("is never exceeded by a thousand requests at once [S36]", async () => {
    await using stage = await openKeyStage();
    const { key, access } = await stage.createKey({ budget: { nanos: 1049, window: "total" } });
    const asked = await Promise.allSettled(Array.from({ length: 1000 }, () => stage.admit(access)));
    const admitted = asked.flatMap((item) => (item.status === "fulfilled" ? item.value : []));
    expect(admitted).toHaveLength(20);
    expect(await spendingOf(stage, key.keyId)).toEqual([0, 1000]);
    const dearest = createOutcome({ usage: { promptTokens: 10, completionTokens: 20 } });
    await Promise.all(admitted.map((admission) => admission.end(dearest)));
    expect(await spendingOf(stage, key.keyId)).toEqual([1000, 0]);
    expect(await codeOf(stage.admit(access))).toBe("budget_exceeded");
    expect(await codeOf(stage.admit(access, { maxTokens: 19 }))).toBeUndefined();
  });

  it("says what is left of it, and when it begins anew; then it does", async () => {
    await using stage = await openKeyStage();
    const { key, access } = await stage.createKey({ budget: { nanos: 5_000_000_000, window: "day" } });
    await (
      await stage.admit(access)
    ).end(createOutcome({ usage: { promptTokens: 4_750_000_000, completionTokens: 0 } }));
    stage.clock.now += 6 * 3_600_000;
    const tooDear = await refusalOf(stage.admit(access, { maxTokens: 200_000_000 }));
    expect(tooDear).toMatchObject({
      code: "budget_exceeded",
      message:
        "This request may cost $0.40, and $0.25 are left of this key's budget of $5.00 per day; " +
        "it begins anew at 2026-06-02T00:00:00Z.",
      details: { retryAfterMs: 18 * 3_600_000 },
    });
    await (
      await stage.admit(access, { maxTokens: 1 })
    ).end(createOutcome({ usage: { promptTokens: 250_000_000, completionTokens: 0 } }));
    expect((await refusalOf(stage.admit(access))).message).toBe(
      "This key's budget of $5.00 per day is used up; it begins anew at 2026-06-02T00:00:00Z.",
    );
    stage.clock.now += 18 * 3_600_000;
    await stage.admit(access);
    expect(await spendingOf(stage, key.keyId)).toEqual([0, 50]);
  });

  it("for good names no time at which it begins anew", async () => {
    await using stage = await openKeyStage();
    const { access } = await stage.createKey({ budget: { nanos: 10, window: "total" } });
    const refusal = await refusalOf(stage.admit(access));
    expect(refusal.message).toBe(
      "This request may cost $5.0e-8, and $1.0e-8 are left of this key's budget of $1.0e-8 total.",
    );
    expect(refusal.details).toBeUndefined();
  });

  it("counts what was spent before it was set, and keeps counting over a rotation", async () => {
    await using stage = await openKeyStage();
    const { keys } = stage.backend.services;
    const { key, access, secret } = await stage.createKey();
    await (await stage.admit(access)).end(createOutcome());
    await keys.update(operator, { keyId: key.keyId, budget: { nanos: 69, window: "month" } });
    expect(await codeOf(stage.admit(await keys.authenticate(secret, "inference")))).toBe("budget_exceeded");
    await keys.update(operator, { keyId: key.keyId, budget: { nanos: 70, window: "month" } });
    const rotated = await keys.rotate(operator, { keyId: key.keyId, graceSeconds: 0 });
    const admission = await stage.admit(await keys.authenticate(rotated.secret, "inference"));
    expect(await spendingOf(stage, key.keyId)).toEqual([20, 50]);
    await admission.end(createOutcome());
  });

  it("gets back what a process held that died before it settled", async () => {
    await using stage = await openKeyStage();
    const { key, access } = await stage.createKey({ budget: { nanos: 100, window: "day" } });
    await stage.admit(access);
    await (await stage.admit(access)).end(createOutcome());
    const next = await stage.reopen();
    expect(await next.recover()).toMatchObject({ reservationsReturned: 1 });
    expect(await spendingOf(stage, key.keyId)).toEqual([20, 0]);
    await next.drain(AbortSignal.abort());
  });

  it("refuses a model whose price nobody knows, and holds the dearest price that may be asked", async () => {
    await using stage = await openKeyStage();
    const { prices } = stage.backend.services;
    const { key, access } = await stage.createKey({ budget: { nanos: 10_000, window: "day" } });
    expect(await codeOf(stage.admit(access, { model: "unknown" }))).toBe("forbidden");
    await prices.set({ model: "priced", upstream: "dear", prices: { input: 3_000_000, output: 0 } });
    await prices.set({ model: "fallback", prices: { input: 0, output: 30_000_000, request: 1 } });
    const cheap = await stage.admit(access);
    expect(await spendingOf(stage, key.keyId)).toEqual([0, 50]);
    await cheap.end(createOutcome({ isBillable: false }));
    await stage.admit(access, { maxTokens: 0, promptTokens: 100 });
    expect(await spendingOf(stage, key.keyId)).toEqual([0, 300]);
    await stage.admit(access, { fallbacks: ["fallback", "unknown"] });
    expect(await spendingOf(stage, key.keyId)).toEqual([0, 300 + 601]);
  });

  it("is charged what was held where nobody knows what was used", async () => {
    await using stage = await openKeyStage();
    const { key, access } = await stage.createKey({ budget: { nanos: 100, window: "day" } });
    const charge = await (await stage.admit(access)).end(createOutcome({ usage: undefined }));
    expect(charge).toEqual({ usage: {}, usageSource: "none", costNanos: 50 });
    expect(await spendingOf(stage, key.keyId)).toEqual([50, 0]);
  });

  it("survives absurd usage and absurd wishes [U38]", async () => {
    await using stage = await openKeyStage();
    const { key, access } = await stage.createKey({
      budget: { nanos: Number.MAX_SAFE_INTEGER, window: "day" },
    });
    for (const maxTokens of [Number.MAX_VALUE, -5, Number.NaN, Infinity]) {
      const admission = await stage.admit(access, { maxTokens, promptTokens: maxTokens });
      await admission.end(createOutcome({ usage: { promptTokens: 1e308, completionTokens: -1 } }));
    }
    expect(await spendingOf(stage, key.keyId)).toEqual([4e10, 0]);
  });
});

describe("limits", () => {
  it("give their room back when the budget refuses", async () => {
    await using stage = await openKeyStage();
    const { access } = await stage.createKey({
      budget: { nanos: 60, window: "day" },
      requestsPerMinute: 2,
      concurrentMax: 2,
    });
    const admission = await stage.admit(access);
    for (let tries = 0; tries < 5; tries++) expect(await codeOf(stage.admit(access))).toBe("budget_exceeded");
    await admission.end(createOutcome({ isBillable: false }));
    const { headers } = await stage.admit(access);
    expect(headers["x-ratelimit-remaining-requests"]).toBe("0");
  });

  it("correct the tokens of a minute by what the provider, or else this server, counted", async () => {
    await using stage = await openKeyStage();
    const { access } = await stage.createKey({ tokensPerMinute: 60 });
    const remaining = async () => {
      const admission = await stage.admit(access, { promptTokens: 0, maxTokens: 0 });
      await admission.end(createOutcome({ isBillable: false }));
      return Number(admission.headers["x-ratelimit-remaining-tokens"]);
    };
    await (await stage.admit(access)).end(createOutcome());
    expect(await remaining()).toBe(45);
    await (await stage.admit(access)).end(createOutcome({ usage: undefined, completionTokensCounted: 7 }));
    expect(await remaining()).toBe(28);
    await (await stage.admit(access, { maxTokens: 18 })).end(createOutcome({ isBillable: false }));
    expect(await remaining()).toBe(28);
  });

  it("of one key are nobody else's, and static tokens have none", async () => {
    await using stage = await openKeyStage({
      access: { globalTokens: ["global"], adminTokens: [], isOpen: false },
    });
    const [first, second] = [await stage.createKey({ concurrentMax: 1 }), await stage.createKey()];
    await stage.admit(first.access);
    expect(await codeOf(stage.admit(first.access))).toBe("rate_limited");
    const token = await stage.backend.services.keys.authenticate("global", "inference");
    for (const access of [second.access, token]) expect((await stage.admit(access)).headers).toEqual({});
  });
});

describe("the way of a request", () => {
  it("costs no SQL with a key that has no budget, but for one look at the key in a second", async () => {
    const calls: string[][] = [];
    await using stage = await openKeyStage(
      {},
      {
        wrap(storage) {
          const counted = countCalls(storage);
          calls.push(counted.calls);
          return counted.storage;
        },
      },
    );
    await stage.backend.recover();
    const { secret, access } = await stage.createKey({ requestsPerMinute: 10_000, tokensPerMinute: 1e9 });
    const seen = calls[0] ?? [];
    seen.length = 0;
    for (let index = 0; index < 200; index++) {
      const same = await stage.backend.services.keys.authenticate(secret, "inference");
      expect(same).toBe(access);
      await (await stage.admit(same)).end(createOutcome());
    }
    expect(seen).toEqual([]);
    stage.clock.now += 1000;
    const again = Array.from({ length: 50 }, () =>
      stage.backend.services.keys.authenticate(secret, "inference"),
    );
    await Promise.all(again);
    expect(seen).toEqual(["keys.findByHash"]);
    await stage.backend.services.ledger.flush();
    const sum = await stage.storage.ledger.sum({ from: 0, to: stage.clock.now + dayMs });
    expect(sum).toMatchObject({ requests: 200, costNanos: 200 * 20 });
  });

  it("leads into the ledger, with the prices that it was settled with", async () => {
    await using stage = await openKeyStage();
    const { key, access } = await stage.createKey();
    const requestId = `req_${"0".repeat(26)}`;
    const admission = await stage.admit(access, { requestId, model: "alias" });
    await admission.end(createOutcome({ model: "priced" }));
    await stage.backend.services.ledger.flush();
    stage.backend.services.prices.replaceConfigured([{ model: "priced", prices: { input: 9, output: 9 } }]);
    expect(await stage.storage.ledger.find(requestId)).toEqual({
      requestId,
      at: stage.clock.now,
      keyId: key.keyId,
      userId: null,
      model: "priced",
      upstream: "one",
      usage: { promptTokens: 10, completionTokens: 5 },
      usageSource: "provider",
      prices: unitPrices,
      costNanos: 20,
    });
  });
});
