import type { Usage } from "@llm-backend/contract";
import type { RequestRecord } from "@llm-backend/storage";
import type { RecordedCharge } from "./record-facts.ts";

/** Tokens as they were settled; as the provider reported them where nothing was. */
export function toUsageFields(
  charge: RecordedCharge | undefined,
  reported: Usage | undefined,
): Pick<
  RequestRecord,
  "promptTokens" | "completionTokens" | "reasoningTokens" | "cachedTokens" | "usageSource" | "costNanos"
> {
  const usage = charge?.usage ?? reported ?? {};
  return {
    promptTokens: usage.promptTokens ?? null,
    completionTokens: usage.completionTokens ?? null,
    reasoningTokens: usage.reasoningTokens ?? null,
    cachedTokens: usage.cachedTokens ?? null,
    usageSource: charge?.usageSource ?? (reported === undefined ? "none" : "provider"),
    costNanos: charge?.costNanos ?? null,
  };
}
