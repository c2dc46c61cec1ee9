import type { ForwardService } from "../forward/forward-service.ts";
import type { NewId } from "../identity/new-id.ts";
import type { Access } from "../key/access.ts";
import { readVectors, toWrongVectors, type ReadVectors } from "./read-vectors.ts";
import { collectAnswer } from "./whole-answer.ts";

/** What asking stands on. */
export type AskVectorsDeps = {
  readonly forward: Pick<ForwardService, "forward">;
  readonly newId: NewId;
};

/** One call to an embedding model. */
export type VectorsCall = {
  readonly model: string;
  readonly texts: readonly string[];
  /** The short form, which costs a fraction of the other to read; some upstreams refuse it. */
  readonly isPacked: boolean;
  /** Who pays. */
  readonly userId: number;
  readonly signal: AbortSignal;
};

/** As long numbers, the vectors of one call have a third of that, and no model is known to give longer ones. */
const answerBytesMax = 32 * 1024 * 1024;

/** Nobody's socket: the server itself asks. */
const ownAddress = "";

/**
 * Asks an embedding model the way that a caller of `/v1/embeddings` does: within limits, in the records, in the ledger,
 * with the gateway's failover.
 *
 * @throws DomainError as the gateway's calls do, and for an answer that cannot be used; the abort's reason after an abort.
 */
export async function askVectors(deps: AskVectorsDeps, call: VectorsCall): Promise<ReadVectors> {
  const { signal } = call;
  signal.throwIfAborted();
  const tooLong = new AbortController();
  const { sink, read } = collectAnswer(answerBytesMax, () => tooLong.abort());
  const outcome = await deps.forward.forward(toIncoming(deps, call), {
    signal: AbortSignal.any([signal, tooLong.signal]),
    sink,
    announce: () => undefined,
  });
  signal.throwIfAborted();
  if (tooLong.signal.aborted) throw toWrongVectors("", "it is far too long");
  if (outcome.error !== undefined) throw outcome.error;
  const answer = read();
  if (answer === undefined) throw toWrongVectors("", "it broke off");
  if (answer.status !== 200) throw toWrongVectors("", `its status was ${answer.status}`);
  return readVectors(answer.body, call.texts.length);
}

function toIncoming({ newId }: AskVectorsDeps, { model, texts, isPacked, userId }: VectorsCall) {
  const body = { model, input: texts.map(toWellFormed), ...(isPacked && { encoding_format: "base64" }) };
  return {
    request: {
      id: newId.text("req"),
      method: "POST",
      path: "/embeddings",
      headers: { "content-type": "application/json", "user-agent": "llm-backend" },
      body: { kind: "whole", bytes: Buffer.from(JSON.stringify(body)) },
    },
    access: toAccess(userId),
    address: ownAddress,
  } as const;
}

/** What a user of this server may ask for in it: everything, as in a conversation. */
function toAccess(userId: number): Access {
  const mayAll = () => true;
  return {
    kind: "open",
    keyId: null,
    keyName: null,
    userId,
    limits: null,
    mayUse: mayAll,
    mayAsk: mayAll,
  };
}

/** Half a character, where a text was cut, is no JSON for everybody. */
const toWellFormed = (text: string): string => (text.isWellFormed() ? text : text.toWellFormed());
