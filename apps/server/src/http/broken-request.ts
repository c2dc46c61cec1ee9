import type { Socket } from "node:net";
import { findUpload, watchUpload } from "./slow-upload.ts";

type Answer = { readonly line: string; readonly error: string };

const answers: Readonly<Record<string, Answer>> = {
  ERR_HTTP_REQUEST_TIMEOUT: { line: "408 Request Timeout", error: "The request took too long to arrive." },
  HPE_HEADER_OVERFLOW: {
    line: "431 Request Header Fields Too Large",
    error: "The request's headers are too large.",
  },
};

const malformed: Answer = { line: "400 Bad Request", error: "The request is not valid HTTP." };

type BrokenError = Error & { readonly code?: string };

/** Answers bytes that are no request, and closes their connection; a slow upload may go on. */
export function answerBroken(error: BrokenError, socket: Socket): void {
  const upload = error.code === "ERR_HTTP_REQUEST_TIMEOUT" ? findUpload(socket) : undefined;
  if (upload === undefined) closeBroken(error, socket);
  else watchUpload(socket, upload, () => closeBroken(error, socket));
}

function closeBroken(error: BrokenError, socket: Socket): void {
  // Bytes behind a request whose answer has begun: a second answer would become a part of that one.
  const { _httpMessage: pending } = socket as Socket & { _httpMessage?: { headersSent: boolean } | null };
  if (socket.writable && pending?.headersSent !== true && error.code !== "ECONNRESET") {
    const { line, error: sentence } = answers[error.code ?? ""] ?? malformed;
    const body = JSON.stringify({ error: sentence });
    socket.write(
      `HTTP/1.1 ${line}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
    );
  }
  socket.destroySoon();
}
