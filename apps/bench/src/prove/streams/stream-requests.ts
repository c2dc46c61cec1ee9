import { toPost } from "../../gateway/chat-request.ts";
import type { SignedJob } from "../../gateway/load/jobs.ts";
import { toCountFrom, toModel, type Script } from "../../gateway/upstream/script.ts";
import { createConversation, createKey } from "../stage/proof-user.ts";

/** A stream that is asked for. */
export type StreamRequest = SignedJob["streams"][number];

/** Where streams are asked for, and how many of which kind. */
export type StreamsWanted = {
  readonly url: string;
  /** Of a user. */
  readonly token: string;
  readonly streams: number;
  readonly script: Script;
};

/** How many conversations are made at once. */
const makersMax = 16;

/** Streams of `/v1/chat/completions`, with a key of the user's. */
export async function askV1({ url, token, streams, script }: StreamsWanted): Promise<StreamRequest[]> {
  const key = await createKey(url, token);
  return toCompletions(Number(new URL(url).port), { streams, script, token: key });
}

/** The same straight to the upstream. */
export function toCompletions(
  port: number,
  given: { readonly streams: number; readonly script: Script; readonly token: string },
): StreamRequest[] {
  const { streams, script, token } = given;
  return Array.from({ length: streams }, (_, index) => ({
    endMark: "[DONE]",
    request: toPost(
      { port, headers: { authorization: `Bearer ${token}` } },
      {
        path: "/v1/chat/completions",
        body: {
          model: toModel(script),
          messages: [{ role: "user", content: toCountFrom(index * script.tokens) }],
          stream: true,
          stream_options: { include_usage: true },
        },
      },
    ),
  }));
}

/** Streams of conversations, each in one of its own: in turns over tRPC's server-sent events and over REST. */
export async function askChat(wanted: StreamsWanted): Promise<StreamRequest[]> {
  const { url, token, streams, script } = wanted;
  const requests: StreamRequest[] = [];
  const indexes = Array.from({ length: streams }, (_, index) => index).values();
  await Promise.all(
    Array.from({ length: makersMax }, async () => {
      for (const index of indexes) {
        const conversationId = await createConversation(url, token, toModel(script));
        requests[index] = toChat(index, { ...wanted, conversationId });
      }
    }),
  );
  return requests;
}

function toChat(index: number, given: StreamsWanted & { readonly conversationId: number }): StreamRequest {
  const { url, token, script, conversationId } = given;
  const message = toCountFrom(index * script.tokens);
  const place = { port: Number(new URL(url).port), headers: { authorization: `Bearer ${token}` } };
  if (index % 2 === 1) {
    const request = toPost(place, { path: `/api/chat/${conversationId}`, body: { message } });
    return { endMark: '"full_response"', request };
  }
  const body = { json: { conversationId, requestId: `stream-${conversationId}`, message } };
  const headers = { ...place.headers, accept: "text/event-stream" };
  return {
    endMark: '"run-done"',
    request: toPost({ ...place, headers }, { path: "/trpc/chat.stream", body }),
  };
}
