import { randomUUID } from "node:crypto";
import { startRaw } from "../../rivals/start-scripted.ts";
import { toChatRequest, toPost } from "../chat-request.ts";
import { inRounds, type Lab } from "../lab.ts";
import type { AnswerFormName } from "../load/answer-forms.ts";
import { measureTurn, turnColumns } from "../measure-turn.ts";
import { plain, type Ours } from "../ours/start-ours.ts";
import type { Report } from "../report.ts";
import { createSeries } from "../series.ts";
import { toModel, toTexts, type Script } from "../upstream/script.ts";

/** A way to ask, with what it takes to ask that often. */
type Face = {
  readonly name: string;
  readonly form: AnswerFormName;
  toRequests(count: number): Promise<string[]>;
};

const question = "Count, please.";

/** Chat over the other faces, with message, journal and answer in the database. */
export async function measureChat(lab: Lab): Promise<Report> {
  const script: Script = { kind: "burst", tokens: lab.pick(2000, 200) };
  await using raw = await startRaw(lab.upstream.port);
  await using ours = await lab.startOurs(plain);
  const rawRequest = toChatRequest(raw, { script, isStreamed: true });
  const faces: Face[] = [
    {
      name: raw.name,
      form: "stream",
      toRequests: async (count) => Array.from({ length: count }, () => rawRequest),
    },
    { name: "/api chat", form: "rest-chat", toRequests: (count) => toRestRequests(ours, script, count) },
    { name: "tRPC SSE chat", form: "trpc-chat", toRequests: (count) => toTrpcRequests(ours, script, count) },
  ];
  const series = createSeries(faces);
  const notes: string[] = [];
  const rounds = lab.rounds ?? lab.pick(7, 1);
  const answers = lab.pick(160, 8);
  await inRounds(faces, rounds, async (face, isCounted) => {
    const contender = { ...(face.form === "stream" ? raw : ours), name: face.name };
    const { figures, problems } = await measureTurn(lab, contender, {
      requests: await face.toRequests(answers),
      connections: 8,
      form: face.form,
      text: toTexts(script.tokens).join(""),
      unitsPerAnswer: script.tokens,
    });
    notes.push(...problems);
    if (isCounted) series.add(face.name, figures);
  });
  const title =
    `Chat with journal, ${script.tokens} tokens an answer as fast as the upstream sends, 8 at once; ` +
    `medians of ${rounds} rounds`;
  return { title, columns: turnColumns("token"), series, notes };
}

/** A new conversation for each question, so that every prompt costs the same. */
async function toRestRequests(ours: Ours, script: Script, count: number): Promise<string[]> {
  const ids = await createConversations(ours, script, count);
  return ids.map((id) => toPost(withUser(ours), { path: `/api/chat/${id}`, body: { message: question } }));
}

async function toTrpcRequests(ours: Ours, script: Script, count: number): Promise<string[]> {
  const ids = await createConversations(ours, script, count);
  return ids.map((conversationId) => {
    const body = { json: { conversationId, requestId: randomUUID(), message: question } };
    return toPost(withUser(ours, { accept: "text/event-stream" }), { path: "/trpc/chat.stream", body });
  });
}

function withUser({ port, account }: Ours, further: Readonly<Record<string, string>> = {}) {
  return { port, headers: { authorization: `Bearer ${account.token}`, ...further } };
}

async function createConversations({ account }: Ours, script: Script, count: number): Promise<number[]> {
  const ids: number[] = [];
  for (let made = 0; made < count; made++) ids.push(await account.createConversation(toModel(script)));
  return ids;
}
