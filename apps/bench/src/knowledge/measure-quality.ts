import { registerUser } from "../prove/stage/proof-user.ts";
import { startProofServer } from "../prove/stage/start-proof-server.ts";
import { corpusDocuments, corpusQuestions, type Question } from "./corpus.ts";
import { openBase, type Hit } from "./open-base.ts";
import { createPlainSearch } from "./plain-bm25.ts";
import { measureRanks } from "./rank-measures.ts";

const hitsMax = 10;
/** Nobody asks it: bases without an embedding model need no upstream. */
const noUpstream = "http://127.0.0.1:9/v1";

/** Asks every question in every way, and says in a table how good the answers are. */
export async function measureQuality(): Promise<string> {
  await using server = await startProofServer(noUpstream);
  const token = await registerUser(server.url, "librarian");
  const base = await openBase({ url: server.url, token }, "Corpus");
  for (const document of corpusDocuments) await base.upload(document);
  const passageCount = await base.untilReady();
  const plain = createPlainSearch(await base.readPassages());
  const ways: [string, (question: string) => Promise<readonly Pick<Hit, "headings">[]>][] = [
    ["plain BM25 of FTS5", async (question) => plain(question, hitsMax)],
    ...["lexical", "vector", "hybrid"].map((mode): [string, (question: string) => Promise<Hit[]>] => [
      mode === "vector" ? "vector (builtin-hashed)" : mode,
      (question) => base.search(question, { limit: hitsMax, mode }),
    ]),
  ];
  const lines = [
    `${passageCount} passages, ${corpusQuestions.length} questions`,
    "",
    "| search | recall@5 | nDCG@10 | recall@5, English | recall@5, Chinese |",
    "|---|---:|---:|---:|---:|",
  ];
  for (const [name, search] of ways) lines.push(await toLine(name, search));
  return lines.join("\n");
}

async function toLine(
  name: string,
  search: (question: string) => Promise<readonly Pick<Hit, "headings">[]>,
): Promise<string> {
  const ranks: (number | undefined)[] = [];
  for (const question of corpusQuestions) ranks.push(findRank(question, await search(question.question)));
  const of = (isWanted: (question: Question) => boolean) =>
    measureRanks(ranks.filter((_, index) => isWanted(corpusQuestions[index] as Question)));
  const all = of(() => true);
  const chinese = of(({ document }) => document.includes(".zh."));
  const english = of(({ document }) => !document.includes(".zh."));
  const cells = [all.recallAt5, all.ndcgAt10, english.recallAt5, chinese.recallAt5];
  return `| ${name} | ${cells.map((value) => value.toFixed(3)).join(" | ")} |`;
}

/** At which place the answer stood, from 1. */
function findRank({ heading }: Question, hits: readonly Pick<Hit, "headings">[]): number | undefined {
  const index = hits.findIndex(({ headings }) => headings.at(-1) === heading);
  return index === -1 ? undefined : index + 1;
}
