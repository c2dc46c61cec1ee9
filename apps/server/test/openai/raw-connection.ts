import { once } from "node:events";
import type { Socket } from "node:net";
import { expect } from "vitest";
import { openSocket } from "../callers/raw-request.ts";
import { callerToken } from "./openai-stage.ts";

/** One connection to a backend, on which a test writes what it likes. */
export type RawConnection = AsyncDisposable & {
  readonly socket: Socket;
  /** All that has come so far. */
  readonly text: string;
  send(...pieces: readonly (string | Uint8Array)[]): void;
  /** Waits until so many answers have begun, and gives their statuses. */
  statuses(count: number): Promise<number[]>;
  /** Waits until something has come. */
  heard(what: string | RegExp): Promise<void>;
  readonly closed: Promise<unknown>;
};

/** Opens a connection. */
export async function connectTo(url: string): Promise<RawConnection> {
  const socket = await openSocket(url);
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  const closed = once(socket, "close");
  const toText = (): string => Buffer.concat(chunks).toString("latin1");
  const readStatuses = (): number[] =>
    [...toText().matchAll(/HTTP\/1\.1 (\d{3}) /g)].map((match) => Number(match[1]));
  return {
    socket,
    closed,
    get text() {
      return toText();
    },
    send(...pieces) {
      for (const piece of pieces) socket.write(piece);
    },
    async statuses(count) {
      await expect
        .poll(() => readStatuses().length, { timeout: 5000, interval: 5 })
        .toBeGreaterThanOrEqual(count);
      return readStatuses();
    },
    async heard(what) {
      await expect.poll(toText, { timeout: 5000, interval: 5 }).toMatch(what);
    },
    async [Symbol.asyncDispose]() {
      socket.destroy();
      await closed;
    },
  };
}

/** The head of a request under `/v1`, of a caller who may come in. */
export function toHead(target: string, ...lines: readonly string[]): string {
  const head = [`${target} HTTP/1.1`, "Host: a", `Authorization: Bearer ${callerToken}`, ...lines];
  return `${head.join("\r\n")}\r\n\r\n`;
}

/** A whole request with a JSON body. */
export function toJsonRequest(path: string, body: unknown, ...lines: readonly string[]): string {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const length = `Content-Length: ${Buffer.byteLength(text)}`;
  return toHead(`POST /v1${path}`, "Content-Type: application/json", length, ...lines) + text;
}
