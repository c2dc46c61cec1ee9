import { startLoad } from "../gateway/load/start-load.ts";
import { readProcess } from "../process-figures.ts";
import { registerUser } from "../prove/stage/proof-user.ts";
import { startProofServer } from "../prove/stage/start-proof-server.ts";
import { askV1 } from "../prove/streams/stream-requests.ts";
import { startScript } from "../script-process.ts";
import { percentile } from "../statistics.ts";
import { corpusQuestions } from "./corpus.ts";
import { createTextMaker } from "./make-text.ts";
import { openBase, type OpenBase } from "./open-base.ts";

/** How much is taken in, and how often it is searched. */
export type ScaleSize = {
  readonly documents: number;
  /** Of each document, in characters. */
  readonly chars: number;
  readonly searches: number;
  /** The streams that go on meanwhile, a token each every 20 ms. */
  readonly streams: number;
};

const intervalMs = 20;
/** Tokens have numbers of six digits, and no two streams the same. */
const numbersMax = 999_999;
/** Limits of a user, out of the way. */
const config = { knowledge: { documents_per_user_max: 100_000, file_bytes_max: 64 * 1024 * 1024 } };

/** Takes in many passages and searches them, while streams go on: how fast it is, and what the streams notice of it. */
export async function measureScale(size: ScaleSize): Promise<string> {
  await using upstream = await startScript(new URL("../gateway/upstream/main.ts", import.meta.url));
  await using server = await startProofServer(`${upstream.url}/v1`, { config });
  const token = await registerUser(server.url, "librarian");
  const place = { url: server.url, token };
  const base = await openBase(place, "Scale");
  const makeText = createTextMaker(1);

  const idle = await watchStreams(
    place,
    size,
    () => new Promise((resolve) => void setTimeout(resolve, 3000)),
  );
  const startedAt = performance.now();
  const ingest = await watchStreams(place, size, async () => {
    for (let index = 0; index < size.documents; index++) {
      await base.upload({ name: `document-${index}.txt`, text: makeText(size.chars) });
    }
    return base.untilReady();
  });
  const seconds = (performance.now() - startedAt) / 1000;
  const residentMib = readProcess(server.pid).residentBytes / 1024 ** 2;
  const rows: string[] = [];
  for (const mode of ["lexical", "vector", "hybrid"]) {
    const searched = await watchStreams(place, size, () => searchOften(base, { mode, times: size.searches }));
    const { value: times } = searched;
    const figures = [percentile(times, 50), percentile(times, 99), Math.max(...times)];
    rows.push(`| search, ${mode} | ${figures.map(toMs).join(" | ")} | ${toMs(searched.delayP99Ms)} |`);
  }
  return [
    `${ingest.value} passages of ${size.documents} documents in ${seconds.toFixed(1)} s: ${(ingest.value / seconds).toFixed(0)} passages/s, ${((size.documents * size.chars) / 1e6 / seconds).toFixed(2)} MB/s; ${residentMib.toFixed(0)} MiB resident in the server's process afterwards`,
    "",
    `| what goes on | p50 | p99 | longest | delay of a stream's token meanwhile, p99 |`,
    "|---|---:|---:|---:|---:|",
    `| nothing | | | | ${toMs(idle.delayP99Ms)} |`,
    `| documents are taken in | | | | ${toMs(ingest.delayP99Ms)} |`,
    ...rows,
  ].join("\n");
}

const toMs = (ms: number) => `${ms.toFixed(1)} ms`;

async function searchOften(
  base: OpenBase,
  { mode, times }: { readonly mode: string; readonly times: number },
): Promise<number[]> {
  const took: number[] = [];
  for (let index = 0; index < times; index++) {
    const { question } = corpusQuestions[index % corpusQuestions.length] as { question: string };
    const startedAt = performance.now();
    await base.search(question, { limit: 10, mode });
    took.push(performance.now() - startedAt);
  }
  return took;
}

/** Lets streams go on while something is done; says how late their tokens came. */
async function watchStreams<T>(
  place: { readonly url: string; readonly token: string },
  { streams }: ScaleSize,
  during: () => Promise<T>,
): Promise<{ readonly value: T; readonly delayP99Ms: number }> {
  await using load = startLoad();
  // They go on for as long as it may take, and are cut off afterwards.
  const script = { kind: "paced", intervalMs, tokens: Math.floor(numbersMax / streams) } as const;
  const requests = await askV1({ ...place, streams, script });
  const port = Number(new URL(place.url).port);
  const open = await load.openSigned({ port, streams: requests, openMs: 200, tokens: script.tokens });
  const { value, delayP99Ms } = await open.watch(during);
  return { value, delayP99Ms };
}
