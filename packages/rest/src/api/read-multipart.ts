import { DomainError } from "@llm-backend/contract";
import { readPartHead } from "./part-head.ts";

/** One part of a form. Its body has to be read to its end before the next part comes. */
export type FormPart = {
  /** The field's name. */
  readonly name: string;
  /** What the file is called; undefined for a field that is no file. */
  readonly fileName: string | undefined;
  readonly body: AsyncIterable<Uint8Array>;
};

/** No form has as many parts, or as long a head of one. */
const partsMax = 100;
const headBytesMax = 16 * 1024;
const lineBreak = Buffer.from("\r\n");
const headEnd = Buffer.from("\r\n\r\n");

/**
 * Reads a form part by part as it comes: no more of it is in memory than what one read of the socket brought. To be
 * ended (`return`) where it is not read to its end.
 *
 * @source https://www.rfc-editor.org/rfc/rfc7578, https://www.rfc-editor.org/rfc/rfc2046#section-5.1
 * @throws DomainError `unsupported_media_type` for what is no form, `invalid_input` for one that is broken, `cancelled`
 *   when its sender breaks off.
 */
export async function* readMultipart(
  body: AsyncIterable<Uint8Array>,
  contentType: string | undefined,
): AsyncGenerator<FormPart, void> {
  const delimiter = Buffer.from(`\r\n--${readBoundary(contentType)}`);
  // The first boundary may stand at the very beginning.
  const source = createSource(body, lineBreak);
  try {
    // What stands before it means nothing, and nobody waits for the end of more than that.
    await source.readAll(delimiter, headBytesMax);
    for (let count = 0; !(await source.takes("--")); count++) {
      if (count === partsMax) throw broken("has too many parts");
      // Blanks behind a boundary mean nothing.
      await source.readAll(lineBreak, headBytesMax);
      const head = await source.readHead(headEnd, headBytesMax);
      const part = source.readUntil(delimiter);
      yield { ...readPartHead(head), body: part };
      await drain(part);
    }
  } finally {
    // Whatever is left is somebody else's to read off.
    await source.close();
  }
}

function readBoundary(contentType: string | undefined): string {
  const match = /^multipart\/form-data\s*;(?:.*;)?\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i.exec(
    contentType ?? "",
  );
  const boundary = match?.[1] ?? match?.[2];
  if (boundary !== undefined) return boundary;
  throw new DomainError("unsupported_media_type", "The body has to be a form: multipart/form-data.");
}

function createSource(body: AsyncIterable<Uint8Array>, begin: Buffer) {
  const chunks = body[Symbol.asyncIterator]();
  let held = begin;

  async function pull(): Promise<void> {
    const next = await nextChunk(chunks);
    if (next.done === true) throw broken("breaks off");
    held = held.length === 0 ? toBuffer(next.value) : Buffer.concat([held, next.value]);
  }

  /** What stands before a mark, as it comes; the mark is taken as well. */
  async function* readUntil(mark: Buffer): AsyncGenerator<Uint8Array, void> {
    for (;;) {
      const at = held.indexOf(mark);
      const end = at === -1 ? held.length - mark.length + 1 : at;
      const found = held.subarray(0, Math.max(end, 0));
      held = held.subarray(at === -1 ? found.length : at + mark.length);
      if (found.length > 0) yield found;
      if (at !== -1) return;
      await pull();
    }
  }

  async function readAll(mark: Buffer, bytesMax: number): Promise<Buffer> {
    const parts: Uint8Array[] = [];
    let bytes = 0;
    for await (const part of readUntil(mark)) {
      bytes += part.length;
      if (bytes > bytesMax) throw broken("has a head that is too long");
      parts.push(part);
    }
    return Buffer.concat(parts);
  }

  return {
    readUntil,
    readAll,
    /** The same for a head, which may have no lines at all. */
    async readHead(mark: Buffer, bytesMax: number): Promise<Buffer> {
      held = Buffer.concat([lineBreak, held]);
      return readAll(mark, bytesMax);
    },
    /** Whether this comes next; it is taken if so. */
    async takes(text: string): Promise<boolean> {
      while (held.length < text.length) await pull();
      const isThere = held.toString("latin1", 0, text.length) === text;
      if (isThere) held = held.subarray(text.length);
      return isThere;
    },
    async close(): Promise<void> {
      await chunks.return?.();
    },
  };
}

async function nextChunk(chunks: AsyncIterator<Uint8Array>): Promise<IteratorResult<Uint8Array>> {
  try {
    return await chunks.next();
  } catch (cause) {
    // Whoever breaks off an upload has given it up.
    throw new DomainError("cancelled", "The upload broke off.", { cause });
  }
}

async function drain(part: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const chunk of part) void chunk;
}

const toBuffer = ({ buffer, byteOffset, byteLength }: Uint8Array): Buffer =>
  Buffer.from(buffer, byteOffset, byteLength);

const broken = (how: string): DomainError => new DomainError("invalid_input", `The form ${how}.`);
