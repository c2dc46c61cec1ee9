import type { Slot } from "../pool/pool.ts";

/**
 * What an upstream turned out not to take: `stream_options`; answers in one piece; streams; an answer's beginning to go
 * on from; images; tools.
 */
export type Quirk =
  | "no_stream_options"
  | "only_streams"
  | "never_streams"
  | "no_prefill"
  | "no_images"
  | "no_tools";

/** What has been learned from refusals, by base URL and model. */
export type Quirks = {
  readonly has: (slot: Pick<Slot, "upstream" | "model">, quirk: Quirk) => boolean;
  readonly learn: (slot: Pick<Slot, "upstream" | "model">, quirk: Quirk) => void;
};

const rememberedMax = 10_000;

/** Creates an empty memory; when it is full, the oldest lesson is forgotten and may be learned again. */
export function createQuirks(): Quirks {
  const known = new Set<string>();
  const toName = ({ upstream, model }: Pick<Slot, "upstream" | "model">, quirk: Quirk): string =>
    `${quirk} ${upstream.endpoint.origin}${upstream.endpoint.basePath} ${quirk === "no_stream_options" ? "" : model}`;
  return {
    // Most upstreams have none, and a name costs more than the question.
    has: (slot, quirk) => known.size > 0 && known.has(toName(slot, quirk)),
    learn(slot, quirk) {
      known.add(toName(slot, quirk));
      const [oldest] = known;
      if (known.size > rememberedMax && oldest !== undefined) known.delete(oldest);
    },
  };
}
