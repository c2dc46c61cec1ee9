import { Agent, request } from "node:http";
import { Readable } from "node:stream";
import type { BackendProcess } from "@llm-backend/testing";
import { until } from "../callers/chat-stage.ts";

/** A caller with one connection, which is always the same process's. */
export type PinnedCaller = Disposable & {
  /** The number of the worker that its connection landed on. */
  readonly worker: number;
  readonly fetch: typeof fetch;
};

type LogLine = { readonly worker?: number; readonly reqId?: string };

/** Opens connections until there are so many at each of two workers; the log says whose each one is. */
export async function openPinnedCallers(
  backend: BackendProcess,
  countEach: number,
): Promise<{ first: PinnedCaller[]; second: PinnedCaller[] } & Disposable> {
  const byWorker = new Map<number, PinnedCaller[]>();
  const hasAll = () => byWorker.size === 2 && [...byWorker.values()].every((all) => all.length >= countEach);
  while (!hasAll()) {
    const caller = await openPinnedCaller(backend);
    byWorker.set(caller.worker, [...(byWorker.get(caller.worker) ?? []), caller]);
  }
  const [first = [], second = []] = [...byWorker.entries()]
    .toSorted(([a], [b]) => a - b)
    .map(([, all]) => all);
  return {
    first,
    second,
    [Symbol.dispose]() {
      for (const caller of [...first, ...second]) caller[Symbol.dispose]();
    },
  };
}

async function openPinnedCaller(backend: BackendProcess): Promise<PinnedCaller> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const pinnedFetch = createFetch(agent);
  const response = await pinnedFetch(`${backend.url}/healthz`);
  await response.text();
  const requestId = response.headers.get("x-request-id") ?? "";
  let worker: number | undefined;
  await until(() => {
    const line = backend.logLines.findLast((entry) => entry.includes(requestId));
    worker = line === undefined ? undefined : (JSON.parse(line) as LogLine).worker;
    return worker !== undefined;
  }, "the log names the worker of a request");
  return { worker: worker as number, fetch: pinnedFetch, [Symbol.dispose]: () => agent.destroy() };
}

/** As much of `fetch` as the callers of the tests use, over one connection. */
function createFetch(agent: Agent): typeof fetch {
  return (input, init = {}) =>
    new Promise<Response>((resolve, reject) => {
      const outgoing = request(
        input instanceof Request ? input.url : input,
        {
          agent,
          method: init.method ?? "GET",
          headers: Object.fromEntries(new Headers(init.headers)),
          ...(init.signal ? { signal: init.signal } : {}),
        },
        (incoming) => {
          incoming.on("error", () => {});
          resolve(
            new Response(Readable.toWeb(incoming) as ReadableStream<Uint8Array>, {
              status: incoming.statusCode ?? 0,
              headers: incoming.headers as Record<string, string>,
            }),
          );
        },
      );
      outgoing.on("error", reject);
      outgoing.end(init.body as string | undefined);
    });
}
