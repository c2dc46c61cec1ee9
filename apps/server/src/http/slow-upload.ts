import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";

/** So much has to come of an upload within each further term. */
const bytesMin = 16 * 1024;

type Upload = { readonly request: IncomingMessage; readonly termMs: number };

/** What takes files, and is asked for nothing else with a body that long. */
const uploadPaths = ["/v1/", "/api/attachments", "/api/rag/doc/upload"];

/**
 * Finds the upload whose body is still coming: that may take longer than other requests, since it may be many times as
 * long.
 */
export function findUpload(socket: Socket): Upload | undefined {
  const { _httpMessage: pending, server } = socket as Socket & {
    _httpMessage?: { req?: IncomingMessage } | null;
    server?: { requestTimeout?: number };
  };
  const request = pending?.req;
  const termMs = server?.requestTimeout;
  if (request === undefined || request.complete || termMs === undefined) return undefined;
  const { url = "" } = request;
  return uploadPaths.some((path) => url.startsWith(path)) ? { request, termMs } : undefined;
}

/** Lets an upload go on as long as it does; `onStall` learns when too little of it has come for a whole term. */
export function watchUpload(socket: Socket, { request, termMs }: Upload, onStall: () => void): void {
  let seen = socket.bytesRead;
  const timer = setInterval(() => {
    if (request.complete) return clearInterval(timer);
    if (socket.bytesRead - seen < bytesMin) onStall();
    seen = socket.bytesRead;
  }, termMs).unref();
  socket.once("close", () => clearInterval(timer));
}
