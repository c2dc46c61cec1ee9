import type { UpstreamOptions, UpstreamSource, UpstreamView } from "@llm-backend/contract";
import type { UpstreamRecord, UpstreamTallyRecord } from "@llm-backend/storage";
import { maskSecret } from "./secret-mask.ts";
import type { OpenedUpstream } from "./stored-upstream.ts";

/** What there is to show of an upstream; without `opened` its secrets do not open. */
export type ShownUpstream = {
  readonly record: UpstreamRecord;
  readonly opened: OpenedUpstream | undefined;
  readonly tally: Omit<UpstreamTallyRecord, "upstreamId"> | undefined;
};

type WholeOptions = Pick<UpstreamView, keyof UpstreamOptions>;

/** What holds of an upstream of which nothing is said. */
const defaults: WholeOptions = {
  passAuthorization: false,
  deny: [],
  modelClocks: {},
  weight: 1,
  tier: 0,
  concurrencyMax: null,
  queueMax: 0,
  midstream: "exact",
  prefill: null,
  keepHeaders: false,
  discover: false,
};

const nothingCounted = { successes: 0, failures: 0, lastSuccessAt: null, lastFailureAt: null };

/** Shows an upstream with every default filled in; its keys are masked unless `showsKeys` says otherwise. */
export function toUpstreamView(
  { record, opened, tally = nothingCounted }: ShownUpstream,
  showsKeys = false,
): UpstreamView {
  const show = (secrets: readonly string[]) => (showsKeys ? [...secrets] : secrets.map(maskSecret));
  // Of a secret that does not open there is nothing to show but that there is one.
  const keys = opened?.upstream.keys ?? record.keysSealed.map(() => maskSecret(""));
  const tokens = opened?.access.tokens ?? record.tokensSealed.map(() => maskSecret(""));
  const { deny, ...options } = withDefaults(record.options);
  return {
    ...options,
    id: record.number,
    upstreamId: record.id,
    name: record.name,
    source: record.source as UpstreamSource,
    endpoint: record.endpoint,
    keys: show(keys),
    models: [...record.models],
    deny: [...deny],
    aliases: { ...record.aliases },
    clocks: { ...record.clocks },
    tokens: show(tokens),
    isOpen: record.isOpen,
    isEnabled: record.isEnabled,
    successes: tally.successes,
    failures: tally.failures,
    lastSuccessAt: toDate(tally.lastSuccessAt),
    lastFailureAt: toDate(tally.lastFailureAt),
    createdAt: new Date(record.createdAt),
    updatedAt: new Date(record.updatedAt),
  };
}

function withDefaults(options: UpstreamOptions): WholeOptions {
  const said = Object.entries(options).filter(([, value]) => value !== undefined);
  return { ...defaults, ...(Object.fromEntries(said) as Partial<WholeOptions>) };
}

/** A time as a date; null where there is none. */
export function toDate(ms: number | null | undefined): Date | null {
  return ms === null || ms === undefined ? null : new Date(ms);
}
