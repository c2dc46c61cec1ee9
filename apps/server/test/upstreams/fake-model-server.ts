import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

/** A server on loopback that lives until the test ends. */
export type FakeModelServer = {
  readonly port: number;
  /** The paths that were asked for, with the headers that came along. */
  readonly calls: readonly { readonly path: string; readonly authorization: string | undefined }[];
};

/** Starts a server that answers as it is told. */
export async function startModelServer(answer: RequestListener): Promise<FakeModelServer> {
  const calls: { path: string; authorization: string | undefined }[] = [];
  const server = createServer((request, response) => {
    calls.push({ path: request.url ?? "", authorization: request.headers.authorization });
    answer(request, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return { port: (server.address() as AddressInfo).port, calls };
}

/** Answers with a list of models, as OpenAI's API does. */
export function answerModels(...ids: readonly string[]): RequestListener {
  return answerText(JSON.stringify({ object: "list", data: ids.map((id) => ({ id, object: "model" })) }));
}

/** Answers with a text. */
export function answerText(text: string, status = 200): RequestListener {
  return (_, response) => response.writeHead(status, { "content-type": "application/json" }).end(text);
}
