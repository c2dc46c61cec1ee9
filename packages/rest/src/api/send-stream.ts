import type { FastifyReply } from "fastify";
import { writeStream, type StreamPing } from "./write-stream.ts";

/** A stream that is about to be written. */
export type StreamReply = {
  readonly contentType: string;
  readonly chunks: AsyncIterable<string>;
  readonly ping: StreamPing | undefined;
};

/** Sends the head of a stream at once, and then its chunks, past the framework: nothing is to be joined or kept. */
export async function sendStream(reply: FastifyReply, stream: StreamReply): Promise<void> {
  reply.hijack();
  reply.raw.setHeaders(
    new Map(Object.entries(reply.getHeaders()).map(([name, value]) => [name, String(value)])),
  );
  reply.raw.writeHead(200, {
    "content-type": stream.contentType,
    "cache-control": "no-cache",
    "x-accel-buffering": "no",
  });
  reply.raw.flushHeaders();
  await writeStream(reply.raw, stream.chunks, stream.ping);
}
