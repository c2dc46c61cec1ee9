import type { ApiKey, LedgerEntry, Reservation } from "../../src/index.ts";
import { nextId, nextTextId } from "./rows.ts";

/** A key of nobody's without limits, with whatever a test cares about. */
export function createApiKey(given: Partial<ApiKey> = {}): ApiKey {
  return {
    id: nextTextId("key"),
    userId: null,
    name: "A key",
    hash: `hash-${nextId()}`,
    previousHash: null,
    graceUntil: null,
    prefix: "sk-llmb-abcd",
    last4: "wxyz",
    scopes: ["inference"],
    models: [],
    requestsPerMinute: null,
    tokensPerMinute: null,
    concurrentMax: null,
    budget: null,
    isManaged: false,
    createdAt: 1000,
    expiresAt: null,
    revokedAt: null,
    lastUsedAt: null,
    ...given,
  };
}

export function createReservation(
  given: Partial<Reservation> & Pick<Reservation, "keyId" | "amountNanos">,
): Reservation {
  return { id: nextTextId("res"), window: "day", start: 0, owner: "process-1", createdAt: 1000, ...given };
}

export function createLedgerEntry(given: Partial<LedgerEntry> = {}): LedgerEntry {
  return {
    requestId: nextTextId("req"),
    at: 1000,
    keyId: null,
    userId: null,
    model: "model-1",
    upstream: "upstream-1",
    usage: { promptTokens: 10, completionTokens: 5 },
    usageSource: "provider",
    prices: { input: 1_000_000, output: 2_000_000 },
    costNanos: 20,
    ...given,
  };
}
