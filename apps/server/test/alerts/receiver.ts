import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { onTestFinished } from "vitest";

/** What a receiver was sent. */
export type Received = {
  readonly method: string | undefined;
  readonly path: string | undefined;
  readonly headers: IncomingMessage["headers"];
  readonly body: Record<string, unknown>;
};

/** How a receiver answers; nothing: it never does. */
export type Answer = {
  readonly status?: number;
  readonly body?: string;
  readonly headers?: Record<string, string>;
};

/** Starts a place that alerts are sent to, until the test ends. */
export async function startReceiver(answer: (index: number) => Answer | undefined = () => ({})) {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      const { method, url: path, headers } = request;
      const body = JSON.parse(await text(request)) as Record<string, unknown>;
      received.push({ method, path, headers, body });
      const given = answer(received.length - 1);
      if (given !== undefined) response.writeHead(given.status ?? 200, given.headers).end(given.body ?? "{}");
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received };
}
