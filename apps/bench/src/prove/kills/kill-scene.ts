import { setTimeout as delay } from "node:timers/promises";
import { callProcedure } from "../stage/call.ts";
import { createConversations } from "../stage/proof-user.ts";
import { toQuestion, type AnswerPlan } from "../stage/signed-answer.ts";
import { listen, type Listened } from "../wire/listen.ts";
import type { WireFace } from "../wire/wire-face.ts";
import { wireFaces } from "../wire/wire-faces.ts";

/** Where a scene is set. */
export type ScenePlace = { readonly url: string; readonly token: string; readonly name: string };

/** A message that was sent, and whether the server said that it has it. */
export type SentMessage = {
  readonly requestId: string;
  readonly message: string;
  readonly isAcknowledged: boolean;
};

/** An answer that is being read. */
export type SceneStream = {
  readonly face: WireFace;
  readonly plan: AnswerPlan;
  readonly conversationId: number;
  readonly requestId: string;
  readonly listened: Promise<Listened>;
};

/** One conversation into which messages are sent, one after the other. */
export type SceneSender = { readonly conversationId: number; readonly sent: Promise<readonly SentMessage[]> };

/** What goes on in a server that is about to be killed. */
export type Scene = {
  readonly streams: readonly SceneStream[];
  readonly senders: readonly SceneSender[];
  /** Resolves when all answers have begun to come. */
  readonly isLive: Promise<unknown>;
};

const streamsPerFace = 2;
const senderCount = 2;
/** More of them say nothing more, and make the scene last. */
const sendsMax = 80;

/** Begins a scene: answers over every face, and messages whose acknowledgements are waited for. */
export async function openScene(place: ScenePlace, random: () => number): Promise<Scene> {
  const { url, token, name } = place;
  const faces = wireFaces.flatMap((face) => Array.from({ length: streamsPerFace }, () => face));
  const ids = await createConversations(url, token, faces.length + senderCount);
  const streams = faces.map((face, index) => {
    const stream = `${name}-${index}`;
    const plan = { stream, tokens: 2000, everyMs: 3 + Math.floor(random() * 12) };
    const given = { url, token, conversationId: ids[index] as number, requestId: stream };
    const say = face.send({ ...given, message: toQuestion(plan) });
    const begun = Promise.withResolvers<void>();
    const onHeard = (text: string) => void (text !== "" && begun.resolve());
    return { face, plan, ...given, begun: begun.promise, listened: listen({ url, face, say, onHeard }) };
  });
  const senders = ids.slice(faces.length).map((conversationId, index) => ({
    conversationId,
    sent: sendUntilGone({ ...place, name: `${name}-s${index}` }, conversationId, random),
  }));
  return { streams, senders, isLive: Promise.all(streams.map(({ begun }) => begun)) };
}

/** Sends until the server is gone; only the last message is then one of which nobody knows. */
async function sendUntilGone(
  place: ScenePlace,
  conversationId: number,
  random: () => number,
): Promise<SentMessage[]> {
  const sent: SentMessage[] = [];
  while (sent.length < sendsMax) {
    const stream = `${place.name}-${sent.length}`;
    const one = { requestId: stream, message: toQuestion({ stream, tokens: 5, everyMs: 0 }) };
    const isAcknowledged = await send(place, { conversationId, ...one });
    sent.push({ ...one, isAcknowledged });
    if (!isAcknowledged) break;
    await delay(random() * 15);
  }
  return sent;
}

/**
 * Sends a message once; `false` when nobody answered.
 *
 * @throws Error when it was refused.
 */
export async function send(
  { url, token }: Pick<ScenePlace, "url" | "token">,
  input: { conversationId: number; requestId: string; message: string },
): Promise<boolean> {
  const answered = await callProcedure("mutation", { url, token, path: "chat.send", input }).catch(
    () => undefined,
  );
  if (answered === undefined) return false;
  if (answered.status !== 200) throw new Error(`chat.send answered ${answered.status}: ${answered.text}`);
  return true;
}
