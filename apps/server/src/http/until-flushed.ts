import type { Server } from "node:http";

const lookMs = 20;

/** Waits until all callers have gone by themselves. */
export async function untilGone(servers: readonly Server[], until: AbortSignal): Promise<void> {
  while (!until.aborted && (await countConnections(servers)) > 0) {
    await new Promise((resolve) => setTimeout(resolve, lookMs));
  }
}

/** How many connections are open. */
async function countConnections(servers: readonly Server[]): Promise<number> {
  const counts = await Promise.all(
    servers.map(
      (server) => new Promise<number>((resolve) => server.getConnections((_error, count) => resolve(count))),
    ),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

/** Waits until all connections are closed, but not for ever: a reader may be gone without saying so. */
export async function untilFlushed(servers: readonly Server[], until: AbortSignal): Promise<void> {
  while (!until.aborted) {
    for (const server of servers) server.closeIdleConnections();
    if ((await countConnections(servers)) === 0) return;
    await new Promise((resolve) => setTimeout(resolve, lookMs));
  }
}
