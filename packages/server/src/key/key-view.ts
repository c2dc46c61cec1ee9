import type { KeyView } from "@llm-backend/contract";
import type { ApiKey } from "@llm-backend/storage";

const toDate = (time: number | null) => (time === null ? null : new Date(time));

/** A key as it is shown: without the hashes of its secrets. */
export function toKeyView(key: ApiKey): KeyView {
  return {
    keyId: key.id,
    name: key.name,
    userId: key.userId,
    prefix: key.prefix,
    last4: key.last4,
    scopes: [...key.scopes],
    models: [...key.models],
    requestsPerMinute: key.requestsPerMinute,
    tokensPerMinute: key.tokensPerMinute,
    concurrentMax: key.concurrentMax,
    budget: key.budget,
    isManaged: key.isManaged,
    expiresAt: toDate(key.expiresAt),
    revokedAt: toDate(key.revokedAt),
    lastUsedAt: toDate(key.lastUsedAt),
    graceUntil: toDate(key.graceUntil),
    createdAt: new Date(key.createdAt),
  };
}
