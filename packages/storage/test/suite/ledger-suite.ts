import { expect, it } from "vitest";
import { createLedgerEntry } from "./key-rows.ts";
import type { OpenDatabase } from "./open-database.ts";

const dayMs = 86_400_000;
const everything = { from: 0, to: 10 * dayMs };
const nothing = {
  requests: 0,
  promptTokens: 0,
  completionTokens: 0,
  reasoningTokens: 0,
  cachedTokens: 0,
  costNanos: 0,
  requestsUnpriced: 0,
};

export function testLedger(open: OpenDatabase): void {
  it("gives back what it was given; what nobody reported stays absent", async () => {
    await using database = await open();
    const { ledger } = database.storage;
    const full = createLedgerEntry({
      keyId: "key_1",
      userId: Number.MAX_SAFE_INTEGER,
      usage: {
        promptTokens: 1,
        completionTokens: 2,
        reasoningTokens: 3,
        cachedTokens: 0,
        cacheWriteTokens: 4,
        audioInputTokens: 5,
        audioOutputTokens: 6,
      },
      costNanos: Number.MAX_SAFE_INTEGER,
    });
    const bare = createLedgerEntry({
      usage: {},
      usageSource: "none",
      prices: null,
      costNanos: null,
      upstream: null,
    });
    await ledger.insert([]);
    await ledger.insert([full, bare]);
    for (const entry of [full, bare]) expect(await ledger.find(entry.requestId)).toEqual(entry);
    expect(await ledger.find("req_none")).toBeUndefined();
  });

  it("keeps the first line of a request, and takes the others of a repeated write", async () => {
    await using database = await open();
    const { ledger } = database.storage;
    const [first, second] = [createLedgerEntry(), createLedgerEntry()];
    await ledger.insert([first]);
    await ledger.insert([{ ...first, costNanos: 999 }, second]);
    expect(await ledger.find(first.requestId)).toEqual(first);
    expect(await ledger.find(second.requestId)).toEqual(second);
  });

  it("takes more lines than one statement has room for", async () => {
    await using database = await open();
    const { ledger } = database.storage;
    await ledger.insert(Array.from({ length: 1234 }, () => createLedgerEntry({ costNanos: 1 })));
    expect(await ledger.sum(everything)).toMatchObject({ requests: 1234, costNanos: 1234 });
  });

  it("sums up what lies in a time, its end left out, and counts what has no price", async () => {
    await using database = await open();
    const { ledger } = database.storage;
    await ledger.insert([
      createLedgerEntry({ at: 999 }),
      createLedgerEntry({ at: 1000, usage: { promptTokens: 1, cachedTokens: 1 }, costNanos: 5 }),
      createLedgerEntry({ at: 1999, usage: { completionTokens: 2, reasoningTokens: 1 }, costNanos: null }),
      createLedgerEntry({ at: 2000 }),
    ]);
    expect(await ledger.sum({ from: 1000, to: 2000 })).toEqual({
      requests: 2,
      promptTokens: 1,
      completionTokens: 2,
      reasoningTokens: 1,
      cachedTokens: 1,
      costNanos: 5,
      requestsUnpriced: 1,
    });
    expect(await ledger.sum({ from: 5000, to: 6000 })).toEqual(nothing);
  });

  it("sums up only what a filter names", async () => {
    await using database = await open();
    const { ledger } = database.storage;
    const mine = { keyId: "key_1", userId: 1, model: "a", upstream: "u" };
    await ledger.insert([
      createLedgerEntry(mine),
      createLedgerEntry({ ...mine, keyId: "key_2" }),
      createLedgerEntry({ ...mine, userId: 2 }),
      createLedgerEntry({ ...mine, model: "b" }),
      createLedgerEntry({ ...mine, upstream: null }),
    ]);
    for (const [name, value] of Object.entries(mine))
      expect((await ledger.sum({ ...everything, [name]: value })).requests).toBe(4);
    expect((await ledger.sum({ ...everything, ...mine })).requests).toBe(1);
  });

  it.each([
    ["day", [0, dayMs, 3 * dayMs]],
    ["model", ["a", "b", "c"]],
    ["key", [null, "key_1", "key_2"]],
    ["user", [null, 1, 2]],
    ["upstream", [null, "u", "v"]],
  ] as const)("sums up by %s, in pages that follow one another", async (by, expected) => {
    await using database = await open();
    const { ledger } = database.storage;
    const lines = [
      { at: 0, model: "a", keyId: null, userId: null, upstream: null },
      { at: dayMs - 1, model: "a", keyId: null, userId: null, upstream: null },
      { at: dayMs, model: "b", keyId: "key_1", userId: 1, upstream: "u" },
      { at: 3 * dayMs + 5, model: "c", keyId: "key_2", userId: 2, upstream: "v" },
    ];
    await ledger.insert(lines.map((line) => createLedgerEntry({ ...line, costNanos: 1 })));
    const all = await ledger.sumBy(by, everything, { limit: 10 });
    expect(all.map(({ group }) => group)).toEqual(expected);
    expect(all.map(({ requests }) => requests)).toEqual([2, 1, 1]);
    expect(all[0]?.costNanos).toBe(2);
    const first = await ledger.sumBy(by, everything, { limit: 1 });
    expect(first).toEqual(all.slice(0, 1));
    const after = first[0]?.group ?? (by === "user" ? 0 : "");
    expect(await ledger.sumBy(by, everything, { after, limit: 10 })).toEqual(all.slice(1));
  });
}
