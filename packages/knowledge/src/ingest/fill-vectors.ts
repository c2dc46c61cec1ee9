import type { PassageToEmbed } from "@llm-backend/storage";
import type { Embedder } from "../ports.ts";
import type { IngestDeps } from "./ingest-ports.ts";
import type { JobRun } from "./job-run.ts";
import { requireVectors } from "./require-vectors.ts";

/** Which vectors are made, and of what. */
export type Filling = {
  readonly versionId: string;
  readonly spaceId: number;
  readonly embedder: Embedder;
  /** Who pays. */
  readonly userId: number;
  /** Whether the job is further with each of them. */
  readonly isCounted: boolean;
};

/** So many passages are embedded and stored as one. */
const chunkSize = 64;
/** So many of those at a time, for one content. */
const chunksAtOnce = 2;

/**
 * Gives every passage of a content its vector in a space. What is there is not made again, so that it goes on where an
 * earlier process has stopped.
 *
 * @returns how many of the passages that it embedded the model takes only the beginning of.
 * @throws DomainError as embedders do, and `conflict` for vectors that do not belong into the space.
 */
export async function fillVectors(
  deps: Pick<IngestDeps, "storage">,
  run: JobRun,
  filling: Filling,
): Promise<number> {
  const { versionId, spaceId } = filling;
  let cut = 0;
  let after: PassageToEmbed | undefined;
  for (;;) {
    await run.turn();
    const page = { after, limit: chunkSize * chunksAtOnce };
    const missing = await deps.storage.passages.listWithoutVector(spaceId, { versionId }, page);
    if (missing.length === 0) return cut;
    after = missing.at(-1);
    const settled = await Promise.allSettled(
      toChunks(missing).map((chunk) => embedChunk(run, filling, chunk)),
    );
    for (const outcome of settled) {
      if (outcome.status === "rejected") throw outcome.reason;
      cut += outcome.value;
    }
  }
}

function toChunks(passages: readonly PassageToEmbed[]): (readonly PassageToEmbed[])[] {
  const chunks: (readonly PassageToEmbed[])[] = [];
  for (let index = 0; index < passages.length; index += chunkSize)
    chunks.push(passages.slice(index, index + chunkSize));
  return chunks;
}

async function embedChunk(
  run: JobRun,
  { spaceId, embedder, userId, isCounted }: Filling,
  passages: readonly PassageToEmbed[],
): Promise<number> {
  let cut = 0;
  const vectors = await embedder.embed(passages.map(toText), {
    signal: run.signal,
    purpose: "passage",
    userId,
    onCut: () => cut++,
  });
  requireVectors(vectors, passages.length);
  const rows = passages.map(({ id }, index) => ({ passageId: id, vector: vectors[index] as Float32Array }));
  await run.write({ add: isCounted ? rows.length : 0, isAhead: true }, (tx) =>
    tx.passages.insertVectors(spaceId, rows),
  );
  return cut;
}

/** What a passage says of itself, it often says under its headings only. */
const toText = ({ headings, content }: PassageToEmbed): string => [...headings, content].join("\n");
