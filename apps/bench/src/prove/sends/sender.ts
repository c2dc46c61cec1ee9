import { setTimeout as delay } from "node:timers/promises";
import { call, callProcedure, readResult, type Answered } from "../stage/call.ts";
import { createConversation } from "../stage/proof-user.ts";
import type { Served } from "../stage/served.ts";
import { toQuestion } from "../stage/signed-answer.ts";
import type { SendTally } from "./send-tally.ts";

/** What the sender works with. */
export type SenderDeps = {
  readonly served: Served;
  readonly token: string;
  readonly random: () => number;
  readonly tally: SendTally;
};

/** Sends keys, each as often and as much at once as chance wants it. */
export type Sender = {
  createConversation(): Promise<number>;
  sendKey(key: string, conversationId: number): Promise<void>;
};

type Send = { readonly key: string; readonly conversationId: number; readonly message: string };

const timesMin = 2;
const timesMax = 20;
/** One of so many keys is sent with another text, too; the first one is, so that a run of any size has some. */
const keysPerConflict = 10;
const triesMax = 100;

/** Creates the sender. */
export function createSender({ served, token, random, tally }: SenderDeps): Sender {
  /** Sends until somebody answers, as a client does that does not know what became of its message. */
  async function untilAnswered(make: (url: string) => Promise<Answered>): Promise<Answered> {
    for (let tries = 0; tries < triesMax; tries++) {
      const { url } = await served.current;
      tally.sends++;
      const answered = await make(url).catch(() => undefined);
      if (answered !== undefined) return answered;
      await delay(20);
    }
    throw new Error(`Nobody answered in ${triesMax} tries.`);
  }

  const sendOnce = (send: Send): Promise<Reply> =>
    random() < 0.3
      ? untilAnswered((url) => sendOverRest(url, token, send)).then(readRestReply)
      : untilAnswered((url) => sendOverTrpc(url, token, send)).then(readTrpcReply);

  async function sendOther(send: Send): Promise<void> {
    tally.conflicts++;
    const { kind, text } = await sendOnce({ ...send, message: `${send.message} ` });
    if (kind !== "conflict") tally.accepted.push(`${send.key}: ${text.slice(0, 200)}`);
  }

  return {
    createConversation: async () => {
      const { text } = await untilAnswered(async (url) => ({
        status: 200,
        text: String(await createConversation(url, token)),
      }));
      return Number(text);
    },
    async sendKey(key, conversationId) {
      const everyMs = random() < 0.3 ? 2 : 0;
      const message = toQuestion({ stream: key, tokens: 5, everyMs });
      const send = { key, conversationId, message };
      const isSentOtherwise = tally.keys.length % keysPerConflict === 0;
      tally.keys.push(send);
      const times = timesMin + Math.floor(random() * (timesMax - timesMin + 1));
      const atOnce = 1 + Math.floor(random() * times);
      const replies = await Promise.all(Array.from({ length: atOnce }, () => sendOnce(send)));
      for (let again = atOnce; again < times; again++) replies.push(await sendOnce(send));
      if (isSentOtherwise) await sendOther(send);
      const runs = new Set(replies.flatMap(({ runId }) => (runId === undefined ? [] : [runId])));
      if (runs.size > 1) tally.runsApart.push(`${key}: ${[...runs].join(" ")}`);
      for (const { kind, text } of replies) {
        if (kind !== "joined") tally.refused.push(`${key}: ${text.slice(0, 200)}`);
      }
    },
  };
}

/** What an answer to a send means. */
type Reply = {
  readonly kind: "joined" | "conflict" | "refused";
  /** The run that the send was answered with, where the face tells it. */
  readonly runId: string | undefined;
  readonly text: string;
};

function sendOverTrpc(url: string, token: string, { key, conversationId, message }: Send): Promise<Answered> {
  const input = { conversationId, requestId: key, message };
  return callProcedure("mutation", { url, token, path: "chat.send", input });
}

function sendOverRest(url: string, token: string, { key, conversationId, message }: Send): Promise<Answered> {
  const headers = { "idempotency-key": key, accept: "text/event-stream" };
  return call("POST", `${url}/api/chat/${conversationId}`, { token, body: { message }, headers });
}

function readTrpcReply(answered: Answered): Reply {
  const { status, text } = answered;
  if (status === 200)
    return { kind: "joined", runId: (readResult(answered) as { runId: string }).runId, text };
  return { kind: status === 409 ? "conflict" : "refused", runId: undefined, text: `${status} ${text}` };
}

function readRestReply({ status, text }: Answered): Reply {
  const runId = /^id: (run_[^:]+):/m.exec(text)?.[1];
  // Whoever joins an answer that a kill has interrupted before its first word is told so with a status.
  const isInterrupted = [409, 503].includes(status) && text.includes("interrupted");
  if (status === 200 || isInterrupted) return { kind: "joined", runId, text };
  return { kind: status === 409 ? "conflict" : "refused", runId, text: `${status} ${text}` };
}
