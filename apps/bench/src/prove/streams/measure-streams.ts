import { setTimeout as delay } from "node:timers/promises";
import type { PacedWindow, SignedResult } from "../../gateway/load/jobs.ts";
import { startLoad } from "../../gateway/load/start-load.ts";
import type { Script } from "../../gateway/upstream/script.ts";
import { readProcess } from "../../process-figures.ts";
import type { ScriptProcess } from "../../script-process.ts";
import { registerUser } from "../stage/proof-user.ts";
import { startProofServer } from "../stage/start-proof-server.ts";
import { toCompletions, type StreamRequest, type StreamsWanted } from "./stream-requests.ts";

/** How many streams, how fast, and for how long. */
export type StreamsSize = {
  readonly streams: number;
  readonly intervalMs: number;
  /** Over how long they are opened, and for how long all of them are looked at. */
  readonly openMs: number;
  readonly watchMs: number;
  /** For how long the first stream goes on when the last one has been looked at. */
  readonly spareMs: number;
};

/** What came of all streams of one kind. */
export type StreamsSeen = SignedResult &
  Pick<PacedWindow, "delayP50Ms" | "delayP99Ms"> & {
    /** Of the server; 0 where there is none. */
    readonly bytesPerStream: number;
  };

/** Streams that are no stream's memory: with them the server loads and compiles what all of them share. */
const warmup = { streamsMax: 40, tokens: 3 };

/** Streams through a server of their own. */
export async function measureServed(
  upstream: ScriptProcess,
  size: StreamsSize,
  ask: (wanted: StreamsWanted) => Promise<StreamRequest[]>,
): Promise<StreamsSeen> {
  await using server = await startProofServer(`${upstream.url}/v1`);
  const { url, pid } = server;
  const port = Number(new URL(url).port);
  const token = await registerUser(url, "streamed");
  const script = toScript(size);
  const wanted = { url, token, script };

  const first = { ...script, tokens: warmup.tokens };
  const warming = await ask({ ...wanted, script: first, streams: Math.min(size.streams, warmup.streamsMax) });
  await follow({
    port,
    requests: warming,
    script: first,
    size: { ...size, openMs: Math.min(size.openMs, 200), watchMs: 0 },
  });
  const requests = await ask({ ...wanted, streams: size.streams });

  const before = readProcess(pid).residentBytes;
  const { seen, value } = await follow(
    { port, requests, script, size },
    () => readProcess(pid).residentBytes,
  );
  return { ...seen, bytesPerStream: (value - before) / size.streams };
}

/** The same streams without a server in between: what upstream, reader and machine take themselves. */
export async function measureDirect(upstream: ScriptProcess, size: StreamsSize): Promise<StreamsSeen> {
  const { port } = upstream;
  const script = toScript(size);
  const requests = toCompletions(port, { streams: size.streams, script, token: "none" });
  const { seen } = await follow({ port, requests, script, size });
  return { ...seen, bytesPerStream: 0 };
}

type Following = {
  readonly port: number;
  readonly requests: readonly StreamRequest[];
  readonly script: Script;
  readonly size: StreamsSize;
};

/** Reads streams in a process of its own; looks at something when all have been open for a while. */
async function follow(
  { port, requests, script, size }: Following,
  look: () => number = () => 0,
): Promise<{ readonly seen: SignedResult & PacedWindow; readonly value: number }> {
  await using load = startLoad();
  const { openMs, watchMs } = size;
  const open = await load.openSigned({ port, streams: requests, openMs, tokens: script.tokens });
  const { value, ...watched } = await open.watch(async () => {
    await delay(watchMs);
    return look();
  });
  return { seen: { ...watched, ...(await open.finish()) }, value };
}

/** Enough tokens that the first stream is still open when the last one has been looked at. */
function toScript({ intervalMs, openMs, watchMs, spareMs }: StreamsSize): Script {
  return { kind: "paced", intervalMs, tokens: Math.ceil((openMs + watchMs + spareMs) / intervalMs) };
}
