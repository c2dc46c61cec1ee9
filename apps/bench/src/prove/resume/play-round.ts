import { setTimeout as delay } from "node:timers/promises";
import type { BackendProcess } from "@llm-backend/testing";
import { callProcedure, readResult } from "../stage/call.ts";
import { createConversation, registerUser } from "../stage/proof-user.ts";
import { toAnswer, toQuestion, type AnswerPlan } from "../stage/signed-answer.ts";
import { startSignedUpstream, type SignedUpstream } from "../stage/signed-upstream.ts";
import { restartServer, startProofServer } from "../stage/start-proof-server.ts";
import { join, type Heard } from "../wire/heard.ts";
import { listen } from "../wire/listen.ts";
import type { WireFace } from "../wire/wire-face.ts";
import { wireFaces } from "../wire/wire-faces.ts";
import type { CutLog } from "./cut-log.ts";
import type { Offsets } from "./offsets.ts";
import type { RoundKind } from "./round-kind.ts";

/** A server that rounds are played on; it is another process after some of them. */
export type ResumeStage = AsyncDisposable & {
  server: BackendProcess;
  readonly token: string;
  readonly upstream: SignedUpstream;
};

/** One answer, and how many readers of it are cut. */
export type Round = {
  readonly name: string;
  readonly kind: RoundKind;
  /** Over each face. */
  readonly readers: number;
  /** For each face. */
  readonly offsets: readonly Offsets[];
  readonly log: CutLog;
};

const tokens = 16;
const everyMs = 15;
/** In rounds with a restart the upstream waits before this token: what comes before it is what will be stored. */
const holdAt = 11;
/** Several times as long as the journal takes to write down what was said. */
const journalMs = 700;

/** Starts upstream and server. */
export async function openStage(): Promise<ResumeStage> {
  await using cleanup = new AsyncDisposableStack();
  const upstream = cleanup.use(await startSignedUpstream());
  const server = await startProofServer(upstream.url, { config: { drain_seconds: 0 } });
  const stage = { server, upstream, token: "" };
  cleanup.defer(() => stage.server[Symbol.asyncDispose]());
  stage.token = await registerUser(server.url, "reader");
  const kept = cleanup.move();
  return Object.assign(stage, { [Symbol.asyncDispose]: () => kept.disposeAsync() });
}

/** How many bytes an answer is on the wire, for each face, as one sees it who reads along. */
export async function measureWire(stage: ResumeStage): Promise<number[]> {
  const told = await begin(stage, { stream: "measure", tokens, everyMs });
  const readings = wireFaces.map((face) => listen({ url: told.url, face, say: face.follow(told) }));
  return (await Promise.all(readings)).map(({ bytes }) => bytes);
}

type Told = {
  readonly url: string;
  readonly token: string;
  readonly conversationId: number;
  readonly runId: string;
  readonly lastEventId: undefined;
};

/** Asks for an answer, in a conversation of its own. */
async function begin({ server: { url }, token }: ResumeStage, plan: AnswerPlan): Promise<Told> {
  const conversationId = await createConversation(url, token);
  const input = { conversationId, requestId: plan.stream, message: toQuestion(plan) };
  const answered = await callProcedure("mutation", { url, token, path: "chat.send", input });
  return {
    url,
    token,
    conversationId,
    runId: (readResult(answered) as { runId: string }).runId,
    lastEventId: undefined,
  };
}

/** A reader who has lost the connection. */
type Cut = { readonly face: WireFace; readonly offset: number; readonly heard: Heard };

/** Plays one answer to readers who are cut, and lets them go on. */
export async function playRound(stage: ResumeStage, round: Round): Promise<void> {
  const { kind, log } = round;
  const isAcrossRestart = kind === "killed" || kind === "stopped";
  const plan = { stream: round.name, tokens, everyMs, ...(isAcrossRestart ? { holdAt } : {}) };
  const told = await begin(stage, plan);
  if (kind === "ended")
    await listen({
      url: told.url,
      face: wireFaces[1] as WireFace,
      say: (wireFaces[1] as WireFace).follow(told),
    });
  const readers = wireFaces.flatMap((face, index) =>
    Array.from({ length: round.readers }, () => ({ face, offset: (round.offsets[index] as Offsets).next() })),
  );
  log.readersMax = Math.max(log.readersMax, readers.length);
  const expected = {
    text: toAnswer(plan, isAcrossRestart ? holdAt : tokens),
    end: isAcrossRestart ? "interrupted" : "done",
  };
  const goOn = async (cut: Cut, now: Told) => judge(round, { cut, after: await follow(cut, now), expected });

  const cutting = readers.map(async ({ face, offset }) => {
    const { heard, isCut } = await listen({ url: told.url, face, say: face.follow(told), cutAt: offset });
    // A server that is gone has cut its readers too, wherever they were.
    if (!isCut && (heard.end !== undefined || !isAcrossRestart)) return undefined;
    const cut = { face, offset, heard };
    if (!isAcrossRestart) await goOn(cut, told);
    return cut;
  });
  if (isAcrossRestart) await restart(stage, { kind, plan });
  const cuts = (await Promise.all(cutting)).filter((cut) => cut !== undefined);
  log.cuts += cuts.length;
  log.byKind.set(kind, (log.byKind.get(kind) ?? 0) + cuts.length);
  if (!isAcrossRestart) return;
  log.restarts++;
  await Promise.all(cuts.map((cut) => goOn(cut, { ...told, url: stage.server.url })));
}

async function follow({ face, heard }: Cut, now: Told): Promise<Heard> {
  const say = face.follow({ ...now, lastEventId: heard.lastEventId });
  return (await listen({ url: now.url, face, say })).heard;
}

/** Ends the server when all that the upstream says before it waits is written down, and starts another one. */
async function restart(stage: ResumeStage, given: { kind: RoundKind; plan: AnswerPlan }): Promise<void> {
  const { upstream } = stage;
  const deadline = performance.now() + 30_000;
  while (upstream.writtenAt(given.plan.stream).length < holdAt) {
    if (performance.now() > deadline) throw new Error("The upstream was not asked.");
    await delay(5);
  }
  await delay(journalMs);
  const signal = given.kind === "killed" ? "SIGKILL" : "SIGTERM";
  ({ server: stage.server } = await restartServer(stage.server, signal));
}

function judge(
  { log, kind }: Round,
  given: { cut: Cut; after: Heard; expected: { text: string; end: string } },
): void {
  const { cut, after, expected } = given;
  const { face, offset, heard } = cut;
  const seen = log.offsets.get(face.name) ?? new Set();
  log.offsets.set(face.name, seen.add(offset));
  const { text, end, whole = text, endings, reason } = join(heard, after);
  const where = `${kind}, ${face.name}, byte ${offset}`;
  if (endings > 1) log.endedTwice.push(where);
  if (text === expected.text && end === expected.end && whole === expected.text) return;
  log.wrong.push(
    `${where}: ended ${end} with ${text.length} of ${expected.text.length} characters ${reason.slice(0, 120)}`,
  );
}
