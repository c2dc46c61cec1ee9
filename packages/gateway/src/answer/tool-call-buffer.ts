import type { ToolCall } from "../ports.ts";

/** A piece of a call: which one it is about, and what it adds. */
export type ToolPiece = {
  readonly index: number | undefined;
  readonly id: string | undefined;
  readonly name: string | undefined;
  readonly arguments: string;
};

/** Joins the pieces in which calls are streamed. */
export type ToolCallBuffer = {
  add(pieces: readonly ToolPiece[]): void;
  /** What was joined so far: calls that have a name, in the order in which they began. */
  list(): readonly ToolCall[];
};

type Growing = { index: number | undefined; id: string | undefined; name: string; pieces: string[] };

/** Creates the buffer of one answer. */
export function createToolCallBuffer(): ToolCallBuffer {
  const calls: Growing[] = [];

  function find({ index, id }: ToolPiece): Growing | undefined {
    const last = calls.at(-1);
    // Some providers number no pieces, and send each call whole; some number every call 0.
    if (index === undefined) return id === undefined || id === last?.id ? last : undefined;
    const numbered = calls.findLast((call) => call.index === index);
    const isOther = id !== undefined && numbered?.id !== undefined && numbered.id !== id;
    return isOther ? undefined : numbered;
  }

  function addPiece(piece: ToolPiece): void {
    let call = find(piece);
    if (call === undefined) {
      call = { index: piece.index, id: piece.id, name: "", pieces: [] };
      calls.push(call);
    }
    call.id ??= piece.id;
    // A name comes whole, with the first piece or with each.
    if (call.name === "") call.name = piece.name ?? "";
    if (piece.arguments !== "") call.pieces.push(piece.arguments);
  }

  return {
    add(pieces) {
      for (const piece of pieces) addPiece(piece);
    },
    list: () =>
      calls
        .filter(({ name }) => name !== "")
        .map(({ id, name, pieces }) => ({ id, name, arguments: pieces.join("") })),
  };
}
