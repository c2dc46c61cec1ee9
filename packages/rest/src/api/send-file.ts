import type { FastifyReply, FastifyRequest } from "fastify";
import type { OpenedFile } from "./route.ts";

/** Nothing in a file may run, wherever it is opened: it is to be saved, not shown. */
const policy = "default-src 'none'; frame-ancestors 'none'; sandbox";

/** Sends a file of a user's, or only that it is the one that the caller has. */
export async function sendFile(
  { attachment, handle }: OpenedFile,
  { request, reply }: { readonly request: FastifyRequest; readonly reply: FastifyReply },
): Promise<unknown> {
  const { name, mediaType, bytes, sha256 } = attachment;
  const etag = `"${sha256}"`;
  reply.headers({
    etag,
    // Kept by the caller's own program alone, and asked about each time: a file that is removed is not to be seen.
    "cache-control": "private, no-cache",
    "content-disposition": toDisposition(name),
    "content-security-policy": policy,
  });
  if (isKnown(request.headers["if-none-match"], etag)) {
    await handle.close();
    return reply.code(304).send();
  }
  return reply
    .type(mediaType === "text/plain" ? "text/plain; charset=utf-8" : mediaType)
    .header("content-length", bytes)
    .send(handle.createReadStream());
}

/** The name for old programs, and for all others as it is. */
function toDisposition(name: string): string {
  const plain = name.replaceAll(/[^\w .()-]/g, "_");
  const encoded = encodeURIComponent(name).replaceAll(/['()*!]/g, toHex);
  return `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`;
}

const toHex = (sign: string): string => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`;

function isKnown(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header.split(",").some((item) => [etag, `W/${etag}`, "*"].includes(item.trim()));
}
