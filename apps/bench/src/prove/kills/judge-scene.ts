import { readMessages, type ShownMessage } from "../stage/proof-user.ts";
import { toAnswer, toQuestion, toToken } from "../stage/signed-answer.ts";
import type { SignedUpstream } from "../stage/signed-upstream.ts";
import { join, type Heard } from "../wire/heard.ts";
import { listen } from "../wire/listen.ts";
import { send, type Scene, type SceneSender, type SceneStream } from "./kill-scene.ts";
import type { KillTally } from "./kill-tally.ts";

/** What a conversation has to hold: these messages, each once; `unknown` ones at most once. */
export type Kept = {
  readonly conversationId: number;
  readonly messages: readonly string[];
  readonly unknown: readonly string[];
  /** The request that was sent again after the restart: it may well be answered at this moment. */
  readonly repeated: string | undefined;
};

/** The server that was started after the kill, and what is known of the time before. */
export type Aftermath = {
  readonly url: string;
  readonly token: string;
  readonly killedAt: number;
  readonly upstream: SignedUpstream;
  readonly tally: KillTally;
};

/** Judges what a kill has left, and tells what has to stay. */
export async function judgeScene(scene: Scene, after: Aftermath): Promise<Kept[]> {
  const judged = await Promise.all(scene.streams.map((stream) => judgeStream(stream, after)));
  after.tally.lostMs.push(Math.max(0, ...judged.map(({ lostMs }) => lostMs)));
  after.upstream.forget(scene.streams.map(({ plan }) => plan.stream));
  const sent = await Promise.all(scene.senders.map((sender) => judgeSender(sender, after)));
  return [...judged.map(({ kept }) => kept), ...sent];
}

async function judgeStream(stream: SceneStream, after: Aftermath): Promise<{ kept: Kept; lostMs: number }> {
  const { plan, conversationId } = stream;
  const { tally, upstream, killedAt } = after;
  const { heard } = await stream.listened;
  const message = toQuestion(plan);
  const isAcknowledged = heard.runId !== undefined;
  if (isAcknowledged) tally.acknowledged++;
  const kept = {
    conversationId,
    messages: isAcknowledged ? [message] : [],
    unknown: isAcknowledged ? [] : [message],
    repeated: undefined,
  };
  const shown = await judgeMessages(kept, after);
  const answer = shown.find(({ role }) => role === "assistant");
  const stored = answer?.content ?? "";
  if (!toAnswer(plan).startsWith(stored)) tally.wrong.push(`${plan.stream}: ${stored.slice(-80)}`);
  if (answer?.run === undefined || answer.run === null) return { kept, lostMs: 0 };
  tally.cut++;
  await goOn(stream, { after, heard, stored, runId: answer.run.runId });
  const written = upstream.writtenAt(plan.stream);
  const storedTokens = countTokens(stream, stored);
  const lostAt = written[storedTokens];
  tally.lostChars.push(Math.max(0, toAnswer(plan, written.length).length - stored.length));
  return { kept, lostMs: lostAt === undefined ? 0 : Math.max(0, killedAt - lostAt) };
}

/** How many tokens a stored text holds whole. */
function countTokens({ plan }: SceneStream, stored: string): number {
  let length = 0;
  for (let index = 0; index < plan.tokens; index++) {
    length += toToken(plan, index).length;
    if (length > stored.length) return index;
  }
  return plan.tokens;
}

/** A reader that was cut off by the kill goes on, and ends with exactly what is stored. */
async function goOn(
  { face, conversationId, plan }: SceneStream,
  given: { after: Aftermath; heard: Heard; stored: string; runId: string },
): Promise<void> {
  const { after, heard, stored, runId } = given;
  const { url, token, tally } = after;
  const say = face.follow({ url, token, conversationId, runId, lastEventId: heard.lastEventId });
  const rest = (await listen({ url, face, say })).heard;
  const joined = join(heard, rest);
  // Bare frames cannot be taken back: whoever has more than is stored is told to read the history.
  const isTold = rest.reason.includes("begun anew") && heard.text.startsWith(stored);
  const isThere = joined.text === stored && rest.end !== undefined && rest.end !== "refused";
  if (isThere || isTold) return;
  const lengths = `has ${joined.text.length} characters, stored are ${stored.length}`;
  tally.astray.push(
    `${plan.stream} over ${face.name} ${lengths}, ended ${rest.end} ${rest.reason.slice(0, 200)}`,
  );
}

/** What was not acknowledged is sent again, as its sender would, and is then there once like all others. */
async function judgeSender(sender: SceneSender, after: Aftermath): Promise<Kept> {
  const { url, token, tally } = after;
  const { conversationId } = sender;
  const sent = await sender.sent;
  for (const { requestId, message, isAcknowledged } of sent) {
    tally.acknowledged++;
    if (isAcknowledged) continue;
    const isThere = await send({ url, token }, { conversationId, requestId, message });
    if (!isThere) throw new Error("The server that was started after a kill does not answer.");
  }
  const kept = {
    conversationId,
    messages: sent.map(({ message }) => message),
    unknown: [],
    repeated: sent.find(({ isAcknowledged }) => !isAcknowledged)?.requestId,
  };
  await judgeMessages(kept, after);
  return kept;
}

/** Looks for lost, doubled and stuck messages of one conversation. */
export async function judgeMessages(
  { conversationId, messages, unknown, repeated }: Kept,
  { url, token, tally }: Pick<Aftermath, "url" | "token" | "tally">,
): Promise<ShownMessage[]> {
  const shown = await readMessages(url, { token, conversationId });
  const counts = new Map<string, number>();
  for (const { role, content } of shown) {
    if (role === "user") counts.set(content, (counts.get(content) ?? 0) + 1);
  }
  tally.lost.push(...messages.filter((message) => !counts.has(message)));
  tally.doubled.push(...[...messages, ...unknown].filter((message) => (counts.get(message) ?? 0) > 1));
  for (const { run } of shown) {
    if (run?.state === "streaming" && run.requestId !== repeated) tally.stuck.push(run.runId);
  }
  return shown;
}
