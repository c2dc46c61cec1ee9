import { join } from "node:path";
import type { DocumentView, KnowledgeHits, PassagePage } from "@llm-backend/contract";
import { openSqlite } from "@llm-backend/storage";
import { answerAsAsked, embedding, readTexts, wait, type Call, type Reply } from "@llm-backend/testing";
import { describe, expect, it } from "vitest";
import { createRandom } from "../crash/seeded-random.ts";
import { createBase, readDocument, send } from "../knowledge/knowledge-stage.ts";
import { isFullSize } from "./full-size.ts";
import { hostTestMs, judgeHost, run, setHostStage, untilAtLast, type HostStage } from "./host-stage.ts";
import { goodText } from "./judge-fault.ts";

const config = { knowledge: { embedding_model: "fake-embedder", passage_chars: 100 } };
const paragraphs = 400;
const kills = isFullSize ? 50 : 3;

/** An embedding model that takes its time, beside one that answers. */
function slowly(call: Call): Reply {
  if (!call.path.endsWith("/embeddings")) return answerAsAsked(goodText)(call);
  const { steps, ...rest } = embedding()(call);
  return { ...rest, steps: [wait(40), ...(steps as readonly [])] };
}

/** A content whose every passage says which one it is. */
const toContent = (word: string): string =>
  Array.from(
    { length: paragraphs },
    (_, index) => `${word} is told of in part ${index}, with a few words more.`,
  ).join("\n\n");

const words = ["apples", "bridges", "castles", "dolphins", "engines"];

/** Which contents are found of a document, by their words; and how many passages it has. */
async function look({ trpc }: HostStage, baseId: string, documentId: string) {
  const found = new Set<string>();
  for (const word of words) {
    const input = { text: `${word} part`, baseIds: [baseId], limit: 50, mode: "lexical" };
    const { passages } = await trpc.query<KnowledgeHits>("knowledge.search", input);
    for (const { content } of passages) found.add(content.split(" ")[0] ?? "");
  }
  const contents: string[] = [];
  const positions: number[] = [];
  let cursor: number | null = null;
  do {
    const page: PassagePage = await trpc.query<PassagePage>("knowledge.documents.passages", {
      baseId,
      documentId,
      limit: 200,
      ...(cursor !== null && { cursor }),
    });
    contents.push(...page.passages.map(({ content }) => content));
    positions.push(...page.passages.map(({ position }) => position));
    cursor = page.nextCursor;
  } while (cursor !== null);
  const told = new Set(contents.flatMap((content) => words.filter((word) => content.includes(word))));
  return { found: [...found], told: [...told], positions };
}

/** What is found of the document is one content, all of it, once; or nothing, where there was none before. */
async function judgeFound(
  stage: HostStage,
  given: { baseId: string; documentId: string; before?: string; word: string },
) {
  const { baseId, documentId, before, word } = given;
  const { found, told, positions } = await look(stage, baseId, documentId);
  // It may have become ready between two of these looks.
  const allowed = [before, word].filter((one) => one !== undefined);
  for (const one of [...found, ...told]) expect(allowed).toContain(one);
  expect(told.length).toBeLessThanOrEqual(1);
  if (before !== undefined) expect(told).toHaveLength(1);
  expect(positions).toEqual(positions.map((_, index) => index));
  if (told.length > 0) expect(positions.length).toBeGreaterThan(paragraphs / 4);
}

describe("P03: the process is killed while it takes in a document", () => {
  it(
    "P03: what is found is always a whole content, and the job goes on where it was",
    async () => {
      const random = createRandom(3);
      await using stage = await setHostStage({
        reply: slowly,
        config,
      });
      const baseId = await createBase(stage.trpc);
      let before: string | undefined;
      for (let kill = 0, round = 0; kill < kills; round++) {
        const word = words[round % words.length] as string;
        const callsBefore = stage.upstream.calls.length;
        const { doc_id: documentId } = await send(stage.user, baseId, {
          name: "book.txt",
          content: toContent(word),
        });
        const killsOfRound = 1 + Math.floor(random() * 3);
        for (let again = 0; again < killsOfRound && kill < kills; again++, kill++) {
          await untilSomewhere(stage, random, callsBefore);
          await stage.killAndRestart();
          await judgeFound(stage, { baseId, documentId, word, ...(before !== undefined && { before }) });
        }
        const { passageCount } = await untilReady(stage, baseId, documentId);
        const { found, told, positions } = await look(stage, baseId, documentId);
        expect([found, told]).toEqual([[word], [word]]);
        expect(positions).toHaveLength(passageCount);
        judgeCalls(stage, { callsBefore, passages: positions.length, kills: killsOfRound });
        before = word;
      }
      await judgeHost(stage);
    },
    hostTestMs,
  );

  it(
    "P03: of several processes, another one goes on at once",
    async () => {
      await using stage = await setHostStage({ reply: slowly, config: { ...config, workers: 2 } });
      const baseId = await createBase(stage.trpc);
      const [word = ""] = words;
      const { doc_id: documentId } = await send(stage.user, baseId, {
        name: "book.txt",
        content: toContent(word),
      });
      await untilAtLast(() => stage.upstream.calls.length >= 2, "some of the document is embedded");
      await killWorkerOf(stage, baseId);
      const killedAt = performance.now();
      await judgeFound(stage, { baseId, documentId, word });
      await untilReady(stage, baseId, documentId);
      // Nobody waits until the time is over that the other one had said.
      expect(performance.now() - killedAt).toBeLessThan(25_000);
      const { found, told, positions } = await look(stage, baseId, documentId);
      expect([found, told]).toEqual([[word], [word]]);
      judgeCalls(stage, { callsBefore: 0, passages: positions.length, kills: 1 });
    },
    hostTestMs,
  );
});

/** Waits until all of a document is found. */
async function untilReady(stage: HostStage, baseId: string, documentId: string): Promise<DocumentView> {
  let document: DocumentView | undefined;
  await untilAtLast(async () => {
    document = await readDocument(stage.trpc, baseId, documentId);
    return document.state === "ready";
  }, "the document is ready");
  return document as DocumentView;
}

/** Kills the worker that takes in a document of a base. */
async function killWorkerOf({ backend }: HostStage, baseId: string): Promise<void> {
  const storage = await openSqlite({ path: join(backend.dataFolder, "llm-backend.db"), shared: true });
  const [job] = await storage.knowledgeJobs.listOpen([baseId]);
  await storage.close();
  const number = Number(/^w(\d+)-/.exec(job?.owner ?? "")?.[1]);
  const { stdout } = await run("ps", ["-o", "pid=", "--ppid", String(backend.pid)]);
  // Workers are started in the order of their numbers.
  process.kill(Number(stdout.trim().split(/\s+/)[number - 1]), "SIGKILL");
}

/** Waits for a moment while the document is read, or until some of it has been embedded. */
async function untilSomewhere(stage: HostStage, random: () => number, callsBefore: number): Promise<void> {
  if (random() < 0.4) {
    const at = performance.now() + random() * 800;
    return untilAtLast(() => performance.now() > at, "the moment of the kill");
  }
  const calls = callsBefore + 1 + Math.floor(random() * 4);
  const deadline = performance.now() + 3000;
  await untilAtLast(
    () => stage.upstream.calls.length >= calls || performance.now() > deadline,
    "some of the document is embedded",
  );
}

/** What was embedded is not embedded again, but for what was under way when the process was killed. */
function judgeCalls(stage: HostStage, given: { callsBefore: number; passages: number; kills: number }): void {
  const texts = stage.upstream.calls
    .slice(given.callsBefore)
    .filter(({ path }) => path.endsWith("/embeddings"))
    .reduce((sum, call) => sum + readTexts(call).length, 0);
  const underWay = 128;
  // A search by vectors asks, too; here none does.
  expect(texts).toBeGreaterThanOrEqual(given.passages);
  expect(texts).toBeLessThanOrEqual(given.passages + given.kills * underWay);
}
