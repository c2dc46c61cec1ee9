import type { IncomingMessage } from "node:http";
import { PassThrough, type Readable } from "node:stream";
import { DomainError } from "@llm-backend/contract";
import type { ForwardBody } from "@llm-backend/server";

/** How large a body may be, in bytes. */
export type BodyLimits = {
  /** One that is kept whole: JSON, and whatever does not say what it is. */
  readonly wholeBytesMax: number;
  /** One that is passed on as it comes. */
  readonly uploadBytesMax: number;
};

/** Everything else may be JSON, whatever it calls itself: `curl -d` says that it is a form. */
const uploadTypes = /^\s*(multipart|audio|image|video|font|model)\/|octet-stream|\/(zip|gzip|pdf|x-tar)\b/i;

/**
 * Reads the body of a call: JSON whole, since it may have to be sent again; files and sounds as a stream.
 *
 * @throws DomainError `input_too_large`.
 */
export function readCallBody(
  request: IncomingMessage,
  limits: BodyLimits,
): ForwardBody | Promise<ForwardBody> {
  const {
    "content-length": lengthText,
    "transfer-encoding": coding,
    "content-type": type = "",
  } = request.headers;
  const length = lengthText === undefined ? undefined : Number(lengthText);
  if ((length === undefined && coding === undefined) || length === 0) return { kind: "none" };
  const isWhole = !uploadTypes.test(type);
  const bytesMax = isWhole ? limits.wholeBytesMax : limits.uploadBytesMax;
  if (length !== undefined && length > bytesMax) throw tooLarge(bytesMax);
  if (isWhole) return readWhole(request, bytesMax);
  return { kind: "stream", source: length === undefined ? bound(request, bytesMax) : request, length };
}

function readWhole(request: IncomingMessage, bytesMax: number): Promise<ForwardBody> {
  return new Promise((resolve, reject) => {
    const cancel = (): void => reject(new DomainError("cancelled"));
    // Who has left while we found out who it was: nothing more would be told.
    if (request.destroyed) return cancel();
    const pieces: Buffer[] = [];
    let size = 0;
    request
      .on("data", (piece: Buffer) => {
        size += piece.length;
        if (size > bytesMax) reject(tooLarge(bytesMax));
        else pieces.push(piece);
      })
      .on("end", () =>
        resolve({
          kind: "whole",
          bytes: pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces),
        }),
      )
      .on("error", cancel);
  });
}

/** A body that does not say how long it is may not be longer than others. The request goes on: it is to be answered. */
function bound(request: IncomingMessage, bytesMax: number): Readable {
  const bounded = new PassThrough();
  let size = 0;
  request
    .on("data", (piece: Buffer) => {
      size += piece.length;
      if (size > bytesMax) bounded.destroy(tooLarge(bytesMax));
    })
    .once("close", () => {
      if (!request.complete) bounded.destroy(new DomainError("cancelled"));
    });
  return request.pipe(bounded);
}

function tooLarge(bytesMax: number): DomainError {
  return new DomainError("input_too_large", `The body is larger than ${bytesMax} bytes.`);
}
