import { DomainError, type MediaType } from "@llm-backend/contract";
import type { NewFile } from "@llm-backend/storage";
import type { AttachmentLimits } from "./attachment-limits.ts";
import { estimateImageTokens } from "./attachment-tokens.ts";
import { readImageSize } from "./image-size.ts";
import { findImageType, imageHeadBytes, type ImageType } from "./image-type.ts";
import { createTextCheck } from "./text-check.ts";

/** What a file turned out to be. */
export type ReceivedFile = { readonly mediaType: MediaType; readonly tokens: number };

/** The bytes of a file as they come. */
export type FileBody = AsyncIterable<Uint8Array>;

type SizeLimits = Pick<AttachmentLimits, "imageBytesMax" | "imagePixelsMax" | "textBytesMax">;

/**
 * Writes the bytes of an upload as they come, and finds out from them what they are. Nothing of it is held in memory.
 *
 * @throws DomainError `invalid_input` for no bytes at all, `unsupported_media_type` for what is neither an image nor a
 *   text, `input_too_large` above a limit, `cancelled` when the sender breaks off.
 */
export async function receiveFile(body: FileBody, file: NewFile, limits: SizeLimits): Promise<ReceivedFile> {
  const chunks = joinHead(readBody(body));
  const first = await chunks.next();
  if (first.done === true) throw new DomainError("invalid_input", "The file is empty.");
  const head = first.value;
  const imageType = findImageType(head);
  return imageType === undefined
    ? receiveText({ head, chunks, file, bytesMax: limits.textBytesMax })
    : receiveImage({ head, chunks, file, bytesMax: limits.imageBytesMax }, imageType, limits.imagePixelsMax);
}

/** An upload whose first bytes have come. */
type Arrival = {
  readonly head: Uint8Array;
  readonly chunks: FileBody;
  readonly file: NewFile;
  readonly bytesMax: number;
};

async function receiveText(arrival: Arrival): Promise<ReceivedFile> {
  const check = createTextCheck();
  await writeAll(arrival, (chunk) => {
    if (!check.take(chunk)) throw notTaken();
  });
  if (!check.end()) throw notTaken();
  return { mediaType: "text/plain", tokens: check.tokens };
}

async function receiveImage(arrival: Arrival, type: ImageType, pixelsMax: number): Promise<ReceivedFile> {
  await writeAll(arrival, () => undefined);
  const size = await readImageSize(type, (position, length) => arrival.file.read(position, length));
  if (size === undefined) {
    throw new DomainError("unsupported_media_type", "The image does not say how large it is: it is damaged.");
  }
  if (size.width * size.height > pixelsMax) {
    throw new DomainError("input_too_large", `An image may have no more than ${pixelsMax} pixels.`);
  }
  return { mediaType: type, tokens: estimateImageTokens(size) };
}

async function writeAll(
  { head, chunks, file, bytesMax }: Arrival,
  look: (chunk: Uint8Array) => void,
): Promise<void> {
  let bytes = 0;
  const take = async (chunk: Uint8Array) => {
    bytes += chunk.length;
    if (bytes > bytesMax) {
      throw new DomainError(
        "input_too_large",
        `A file of this kind may have no more than ${bytesMax} bytes.`,
      );
    }
    look(chunk);
    await file.write(chunk);
  };
  await take(head);
  for await (const chunk of chunks) await take(chunk);
}

/** Joins the first chunks until they tell what the file is. */
async function* joinHead(body: FileBody): AsyncGenerator<Uint8Array, void> {
  let head: Uint8Array | undefined = new Uint8Array(0);
  for await (const chunk of body) {
    if (head === undefined) yield chunk;
    else {
      head = head.length === 0 ? chunk : Buffer.concat([head, chunk]);
      if (head.length < imageHeadBytes) continue;
      yield head;
      head = undefined;
    }
  }
  if (head !== undefined && head.length > 0) yield head;
}

/** Whoever breaks off an upload has given it up. */
async function* readBody(body: FileBody): FileBody {
  try {
    yield* body;
  } catch (cause) {
    throw new DomainError("cancelled", "The upload broke off.", { cause });
  }
}

const notTaken = (): DomainError =>
  new DomainError(
    "unsupported_media_type",
    "Only PNG, JPEG, WebP and GIF images are taken, and texts in UTF-8.",
  );
