import type { ForwardSink } from "@llm-backend/gateway";

/** An answer that is read as a whole, and passed on to nobody. */
export type WholeAnswer = {
  readonly sink: ForwardSink;
  /** Undefined while there is none, and where it broke off. */
  readonly read: () => { readonly status: number; readonly body: Buffer } | undefined;
};

/** Collects an answer. */
export function collectAnswer(): WholeAnswer {
  const pieces: Uint8Array[] = [];
  let status = 0;
  let isWhole = false;
  return {
    sink: {
      head: (given) => void (status = given),
      write: (bytes) => pieces.push(bytes) > 0,
      // It is never full.
      onDrain: () => undefined,
      end: () => void (isWhole = true),
      cut: () => undefined,
    },
    read: () => (isWhole ? { status, body: Buffer.concat(pieces) } : undefined),
  };
}
