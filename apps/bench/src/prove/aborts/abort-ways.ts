import { connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { toPost } from "../../gateway/chat-request.ts";
import { callForResult } from "../stage/call.ts";
import { createConversation, readMessages } from "../stage/proof-user.ts";
import { tokenMark } from "./slow-upstream.ts";

/** What is asked for, and given up after a while. */
export type Abort = {
  readonly url: string;
  readonly token: string;
  /** Opens `/v1`. */
  readonly key: string;
  /** No other call has it. */
  readonly model: string;
  /** From the moment the request is out. */
  readonly afterMs: number;
};

/** How it was given up. */
export type GivenUp = {
  /** The moment of that, in milliseconds of `performance.now()`. */
  readonly at: number;
  /** Some of the answer's text had come. */
  readonly hasText: boolean;
};

/** A way to ask and to give up. */
export type AbortWay = { readonly name: string; play(abort: Abort): Promise<GivenUp> };

const messages = [{ role: "user", content: "Hi" }];

/** Every way in which a caller gives up. */
export const abortWays: readonly AbortWay[] = [
  {
    name: "/v1, streamed",
    play: (abort) => hangUp(abort, toCompletion(abort, true)),
  },
  {
    name: "/v1, in one piece",
    play: (abort) => hangUp(abort, toCompletion(abort, false)),
  },
  {
    name: "chat over tRPC",
    async play(abort) {
      const { token, model } = abort;
      const json = { ...(await toMessage(abort)), requestId: model, onDisconnect: "cancel" };
      const headers = { authorization: `Bearer ${token}`, accept: "text/event-stream" };
      return hangUp(abort, toPost(toPlace(abort, headers), { path: "/trpc/chat.stream", body: { json } }));
    },
  },
  {
    name: "chat over REST",
    async play(abort) {
      const { conversationId, message } = await toMessage(abort);
      const body = { message, on_disconnect: "cancel" };
      const headers = { authorization: `Bearer ${abort.token}` };
      return hangUp(abort, toPost(toPlace(abort, headers), { path: `/api/chat/${conversationId}`, body }));
    },
  },
  {
    name: "chat.stop",
    async play(abort) {
      const { url, token, model, afterMs } = abort;
      const asked = await toMessage(abort);
      const input = { ...asked, requestId: model };
      const place = { url, token };
      const { runId } = await callForResult<{ runId: string }>("mutation", {
        ...place,
        path: "chat.send",
        input,
      });
      await delay(afterMs);
      const at = performance.now();
      await callForResult("mutation", { ...place, path: "chat.stop", input: { runId } });
      const { conversationId } = asked;
      const shown = await readMessages(url, { token, conversationId });
      return { at, hasText: shown.at(-1)?.content !== "" };
    },
  },
];

async function toMessage({ url, token, model }: Abort) {
  return { conversationId: await createConversation(url, token, model), message: "Hi" };
}

function toCompletion(abort: Abort, stream: boolean): string {
  const body = { model: abort.model, messages, stream };
  const place = toPlace(abort, { authorization: `Bearer ${abort.key}` });
  return toPost(place, { path: "/v1/chat/completions", body });
}

function toPlace({ url }: Abort, headers: Readonly<Record<string, string>>) {
  return { port: Number(new URL(url).port), headers };
}

/** Sends a request on a connection of its own, and closes that after a while, whatever has come. */
async function hangUp({ url, afterMs }: Abort, request: string): Promise<GivenUp> {
  const socket = connect({ port: Number(new URL(url).port), host: "127.0.0.1", noDelay: true });
  socket.on("error", () => {});
  let text = "";
  socket.on("data", (bytes) => (text += bytes.toString("latin1")));
  await new Promise((resolve) => void socket.write(request, resolve));
  await delay(afterMs);
  const at = performance.now();
  socket.destroy();
  return { at, hasText: text.includes(tokenMark) };
}
