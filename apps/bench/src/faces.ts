import { startFakeUpstreamProcess } from "@llm-backend/testing";
import { startBenchServer, type BenchServer } from "./bench-server.ts";
import type { StreamCaller } from "./callers/caller.ts";
import { createRawCaller, createRestCaller, createSseCaller } from "./callers/http-callers.ts";
import { createWebSocketCaller } from "./callers/websocket-caller.ts";
import { startRawProxy } from "./rivals/start-raw-proxy.ts";

/** The upstream's answers. */
export type Pace = Parameters<typeof startFakeUpstreamProcess>[0];

/** Everything that is measured side by side, in front of one upstream. */
export type Faces = AsyncDisposable & {
  readonly server: BenchServer;
  /** The upstream without anything in front of it. */
  readonly direct: StreamCaller;
  /** The pass-through first, which the others are compared with. */
  readonly callers: readonly StreamCaller[];
};

/** Starts upstream, pass-through and server, each in a process of its own. */
export async function startFaces(pace: Pace): Promise<Faces> {
  await using cleanup = new AsyncDisposableStack();
  const upstream = cleanup.use(await startFakeUpstreamProcess(pace));
  const proxy = cleanup.use(await startRawProxy(upstream.port));
  const server = cleanup.use(await startBenchServer(upstream.url));
  const direct = cleanup.use(
    createRawCaller("direct", { url: upstream.url.replace(/\/v1$/, ""), pid: upstream.pid, token: "none" }),
  );
  const callers = [
    createRawCaller("raw pass-through", { url: proxy.url, pid: proxy.pid, token: "none" }),
    createRestCaller(server.endpoint),
    createSseCaller(server.endpoint),
    createWebSocketCaller(server.endpoint),
  ];
  for (const caller of callers) cleanup.use(caller);
  const kept = cleanup.move();
  return { server, direct, callers, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}
