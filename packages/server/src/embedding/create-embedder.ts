import { findDomainError } from "@llm-backend/contract";
import type { Embedder, EmbedOptions } from "@llm-backend/knowledge";
import { askVectors, type AskVectorsDeps, type VectorsCall } from "./ask-vectors.ts";
import { findBatch } from "./batch-texts.ts";
import { toWrongVectors, type ReadVectors } from "./read-vectors.ts";
import { createTextLimit } from "./text-limit.ts";

/** The vector of a text, or of as many of its first characters as the model took. */
type Embedded = { readonly vector: Float32Array; readonly chars: number };

/** A JSON of more vectors than these takes too long to parse beside everybody's streams: as numbers it is longer. */
const textsMax = { packed: 64, numbers: 16 };
/** Within the limits that providers set for one call. */
const charsMax = 64_000;

/** Creates an embedder whose model an upstream has. What it learns of the model, it keeps as long as it lives. */
export function createUpstreamEmbedder(deps: AskVectorsDeps, model: string): Embedder {
  const limit = createTextLimit();
  let form: keyof typeof textsMax = "packed";
  let refusesPacked = false;

  /** Asks in the short form, and where that is refused, in the one that everybody has. */
  async function ask(texts: readonly string[], { userId, signal }: EmbedOptions): Promise<ReadVectors> {
    const call: VectorsCall = { model, texts, userId, signal, isPacked: !refusesPacked };
    try {
      return await askVectors(deps, call);
    } catch (error) {
      if (refusesPacked || findDomainError(error)?.code !== "upstream_rejected") throw error;
    }
    const answer = await askVectors(deps, { ...call, isPacked: false });
    refusesPacked = true;
    return answer;
  }

  async function embedBatch(given: readonly string[], options: EmbedOptions): Promise<Embedded[]> {
    const texts = given.map((text) => limit.cut(text));
    try {
      const { vectors, areNumbers } = await ask(texts, options);
      form = areNumbers ? "numbers" : "packed";
      return vectors.map((vector, index) => ({ vector, chars: texts[index]?.length ?? 0 }));
    } catch (error) {
      if (!isTooLong(error)) throw error;
      if (texts.length === 1) return embedShorter(texts[0] ?? "", options, error);
    }
    // It may be the call that is too long, or one of its texts.
    const middle = Math.ceil(texts.length / 2);
    const first = await embedBatch(texts.slice(0, middle), options);
    return [...first, ...(await embedBatch(texts.slice(middle), options))];
  }

  async function embedShorter(text: string, options: EmbedOptions, error: unknown): Promise<Embedded[]> {
    const shorter = limit.shorten(text);
    if (shorter === undefined) throw error;
    const embedded = await embedBatch([shorter], options);
    limit.noteTaken(shorter.slice(0, embedded[0]?.chars));
    return embedded;
  }

  return {
    model,
    async embed(texts, options) {
      const embedded: Embedded[] = [];
      while (embedded.length < texts.length) {
        const batch = findBatch(texts, embedded.length, { textsMax: textsMax[form], charsMax });
        embedded.push(...(await embedBatch(batch, options)));
      }
      requireOneLength(embedded);
      for (const [index, { chars }] of embedded.entries())
        if (chars < (texts[index]?.length ?? 0)) options.onCut?.(index, chars);
      return embedded.map(({ vector }) => vector);
    },
  };
}

function isTooLong(error: unknown): boolean {
  const code = findDomainError(error)?.code;
  return code === "context_too_long" || code === "input_too_large";
}

/** Calls may have been answered by different upstreams, which mean different models by the same name. */
function requireOneLength(embedded: readonly Embedded[]): void {
  const length = embedded[0]?.vector.length;
  const odd = embedded.find(({ vector }) => vector.length !== length);
  if (odd !== undefined)
    throw toWrongVectors("data", `one vector has ${odd.vector.length} numbers, another one ${length}`);
}
