import { createToolCallBuffer, readToolPieces, type ToolCall, type ToolPiece } from "@llm-backend/gateway";
import { isFields } from "./engine-fields.ts";

type Fields = Readonly<Record<string, unknown>>;

/** Tells the calls that are for us from those that are for the caller, as their pieces come. */
export type ToolSorter = {
  /** Takes a delta: what is for us is kept, and what is for the caller is given back, numbered anew. */
  take(delta: Fields): readonly Fields[];
  /** The calls that are for us. */
  own(): readonly ToolCall[];
  /** Whether the caller has been given a call. */
  readonly isHandedBack: boolean;
};

/** Whose tools there are. */
export type ToolOwners = {
  /** The names of the tools that are called here. */
  readonly own: ReadonlySet<string>;
  /** Otherwise every call is for us, also one of a tool that there is not. */
  readonly hasCallersTools: boolean;
};

/** A call that has begun; its number is the caller's, and undefined for ours. */
type Begun = { readonly id: string | undefined; readonly number: number | undefined };

/** Creates the sorter of one round. */
export function createToolSorter({ own, hasCallersTools }: ToolOwners): ToolSorter {
  const buffer = createToolCallBuffer();
  const begun = new Map<number, Begun>();
  let handedBack = 0;
  let last = 0;

  const isOwn = (name: string | undefined): boolean =>
    !hasCallersTools || (name !== undefined && own.has(name));

  /** Some providers give every call the same number: another name or another id is another call. */
  function isOther({ id, number }: Begun, piece: ToolPiece): boolean {
    if (piece.name !== undefined && isOwn(piece.name) !== (number === undefined)) return true;
    return number !== undefined && piece.id !== undefined && id !== undefined && piece.id !== id;
  }

  function find(piece: ToolPiece): Begun {
    last = piece.index ?? last;
    const known = begun.get(last);
    if (known !== undefined && !isOther(known, piece)) return known;
    const call = { id: piece.id, number: isOwn(piece.name) ? undefined : handedBack++ };
    begun.set(last, call);
    return call;
  }

  return {
    take(delta) {
      const { tool_calls: calls } = delta;
      const given = Array.isArray(calls) ? calls.filter(isFields) : [];
      return readToolPieces(delta, false).flatMap((piece, at) => {
        const { number } = find(piece);
        if (number !== undefined) return [{ ...given[at], index: number }];
        buffer.add([piece]);
        return [];
      });
    },
    own: () => buffer.list(),
    get isHandedBack() {
      return handedBack > 0;
    },
  };
}
