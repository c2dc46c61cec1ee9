import type { IncomingMessage } from "node:http";
import { z } from "zod";

const bodyBytesMax = 67_108_864;

const requestSchema = z.object({
  model: z.string().min(1),
  messages: z
    .array(
      z.object({
        role: z.string(),
        content: z
          .union([
            z.string(),
            z.array(z.object({ type: z.string().optional(), text: z.string().optional() })),
          ])
          .nullish(),
      }),
    )
    .min(1),
  stream: z.boolean().nullish(),
  stream_options: z.object({ include_usage: z.boolean().nullish() }).nullish(),
});

/** What the demo reads of a chat completion's body. */
export type DemoRequest = z.infer<typeof requestSchema>;

/** Reads the body of a chat completion; undefined for one that is none. */
export async function readDemoRequest(request: IncomingMessage): Promise<DemoRequest | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > bodyBytesMax) return undefined;
    chunks.push(chunk);
  }
  return requestSchema.safeParse(toJson(Buffer.concat(chunks))).data;
}

function toJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    return undefined;
  }
}
