import type { UpstreamSource, UpstreamView } from "@llm-backend/contract";
import type { UpstreamRecord, UpstreamTallyRecord } from "@llm-backend/storage";
import { maskSecret } from "./secret-mask.ts";
import type { OpenedUpstream } from "./stored-upstream.ts";

/** What there is to show of an upstream; without `opened` its secrets do not open. */
export type ShownUpstream = {
  readonly record: UpstreamRecord;
  readonly opened: OpenedUpstream | undefined;
  readonly tally: UpstreamTallyRecord | undefined;
};

/** Shows an upstream with every default filled in; its keys are masked unless `showsKeys` says otherwise. */
export function toUpstreamView({ record, opened, tally }: ShownUpstream, showsKeys = false): UpstreamView {
  const { options } = record;
  const show = (secrets: readonly string[] | undefined, sealed: readonly string[]) =>
    secrets === undefined
      ? sealed.map(() => maskSecret(""))
      : showsKeys
        ? [...secrets]
        : secrets.map(maskSecret);
  return {
    id: record.number,
    upstreamId: record.id,
    name: record.name,
    source: record.source as UpstreamSource,
    endpoint: record.endpoint,
    keys: show(opened?.upstream.keys, record.keysSealed),
    passAuthorization: options.passAuthorization ?? false,
    models: [...record.models],
    deny: options.deny ?? [],
    aliases: { ...record.aliases },
    clocks: record.clocks ?? {},
    modelClocks: options.modelClocks ?? {},
    weight: options.weight ?? 1,
    tier: options.tier ?? 0,
    concurrencyMax: options.concurrencyMax ?? null,
    queueMax: options.queueMax ?? 0,
    midstream: options.midstream ?? "exact",
    keepHeaders: options.keepHeaders ?? false,
    discover: options.discover ?? false,
    tokens: show(opened?.access.tokens, record.tokensSealed),
    isOpen: record.isOpen,
    isEnabled: record.isEnabled,
    successes: tally?.successes ?? 0,
    failures: tally?.failures ?? 0,
    lastSuccessAt: toDate(tally?.lastSuccessAt),
    lastFailureAt: toDate(tally?.lastFailureAt),
    createdAt: new Date(record.createdAt),
    updatedAt: new Date(record.updatedAt),
  };
}

/** A time as a date; null where there is none. */
export function toDate(ms: number | null | undefined): Date | null {
  return ms === null || ms === undefined ? null : new Date(ms);
}
