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
  /** How much is kept: the bytes of ids, names and arguments, and something for each call. */
  readonly bytes: number;
  add(pieces: readonly ToolPiece[]): void;
  /** What was joined so far: calls that have a name, in the order in which they began. */
  list(): readonly ToolCall[];
};

type Growing = { id: string | undefined; name: string; readonly pieces: string[] };

/** What a call costs that says nothing. */
const callBytes = 64;

const measure = (text: string | undefined): number => (text === undefined ? 0 : Buffer.byteLength(text));

class Calls implements ToolCallBuffer {
  readonly #calls: Growing[] = [];
  /** The newest call of each number. */
  readonly #numbered = new Map<number, Growing>();
  bytes = 0;

  add(pieces: readonly ToolPiece[]): void {
    for (const piece of pieces) this.#addPiece(piece);
  }

  list(): readonly ToolCall[] {
    return this.#calls
      .filter(({ name }) => name !== "")
      .map(({ id, name, pieces }) => ({ id, name, arguments: pieces.join("") }));
  }

  #addPiece(piece: ToolPiece): void {
    const call = this.#find(piece) ?? this.#begin(piece);
    if (call.id === undefined) {
      call.id = piece.id;
      this.bytes += measure(piece.id);
    }
    // A name comes whole, with the first piece or with each.
    if (call.name === "" && piece.name !== undefined) {
      call.name = piece.name;
      this.bytes += measure(piece.name);
    }
    if (piece.arguments === "") return;
    call.pieces.push(piece.arguments);
    this.bytes += measure(piece.arguments);
  }

  #begin({ index }: ToolPiece): Growing {
    const call: Growing = { id: undefined, name: "", pieces: [] };
    this.#calls.push(call);
    if (index !== undefined) this.#numbered.set(index, call);
    this.bytes += callBytes;
    return call;
  }

  /** Some providers number no pieces, and send each call whole; some number every call 0. */
  #find(piece: ToolPiece): Growing | undefined {
    const { index } = piece;
    const call = index === undefined ? this.#calls.at(-1) : this.#numbered.get(index);
    if (call === undefined || isOther(call, piece)) return undefined;
    return call;
  }
}

function isOther(call: Growing, piece: ToolPiece): boolean {
  const { index, id } = piece;
  if (id === undefined) return beginsAnew(call, piece);
  return id !== call.id && (index === undefined || call.id !== undefined);
}

/** Where there are no ids: a name is another call's when it is another name, or when the call is whole already. */
function beginsAnew({ name, pieces }: Growing, piece: ToolPiece): boolean {
  if (piece.name === undefined || name === "") return false;
  return (
    piece.name !== name || (piece.arguments !== "" && pieces.length === 1 && isJson(pieces[0] as string))
  );
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Creates the buffer of one answer. */
export function createToolCallBuffer(): ToolCallBuffer {
  return new Calls();
}
