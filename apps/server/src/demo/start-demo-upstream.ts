import { createHash, randomBytes, randomUUID, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { FoundUpstream } from "@llm-backend/server";
import { toUpstreamId } from "../upstreams/upstream-id.ts";
import {
  sendCompletion,
  sendError,
  sendJson,
  streamCompletion,
  usualPace,
  type DemoPace,
} from "./demo-reply.ts";
import { readDemoRequest } from "./demo-request.ts";

/** The demo, running. */
export type DemoUpstream = {
  readonly upstream: FoundUpstream["upstream"];
  readonly close: () => Promise<void>;
};

/** How the demo behaves. */
export type DemoOptions = {
  /** Milliseconds to wait before each piece of an answer. @default 20 to 40 */
  readonly pace?: DemoPace;
};

/**
 * Starts the upstream that answers when there is no other: a real HTTP server on loopback, on a free port.
 * It speaks OpenAI's chat completions, says what it is, and repeats what it was sent. Only its key opens it.
 */
export async function startDemoUpstream({ pace = usualPace }: DemoOptions = {}): Promise<DemoUpstream> {
  const key = `demo-${randomBytes(24).toString("base64url")}`;
  const server = createServer((request, response) => {
    // A reader who left is no failure, and nobody is there to be told of any other.
    reply(request, response, { key, pace }).catch(() => response.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const upstream = {
    id: toUpstreamId("demo"),
    name: "demo",
    endpoint: `http://127.0.0.1:${port}/v1`,
    keys: [key],
    // Named, so that lists of models show it; and whatever else a caller asks for.
    models: ["demo", "*"],
    aliases: {},
  };
  return { upstream, close: () => closeServer(server) };
}

async function reply(
  request: IncomingMessage,
  response: ServerResponse,
  { key, pace }: { readonly key: string; readonly pace: DemoPace },
): Promise<void> {
  if (!isSame(request.headers.authorization ?? "", `Bearer ${key}`)) {
    sendError(response, 401, "The demo upstream only answers the process that it belongs to.");
    return;
  }
  const [path] = (request.url ?? "").split("?");
  if (request.method === "GET" && path === "/v1/models") {
    sendJson(response, 200, {
      object: "list",
      data: [{ id: "demo", object: "model", created: 0, owned_by: "llm-backend" }],
    });
  } else if (request.method === "POST" && path === "/v1/chat/completions") {
    await complete(request, response, pace);
  } else {
    sendError(response, 404, "The demo upstream only knows /v1/chat/completions and /v1/models.");
  }
}

async function complete(request: IncomingMessage, response: ServerResponse, pace: DemoPace): Promise<void> {
  const body = await readDemoRequest(request);
  if (body === undefined) {
    sendError(response, 400, "The body is no chat completion: expected model and messages.");
    return;
  }
  const envelope = {
    id: `chatcmpl-${randomUUID()}`,
    created: Math.floor(Date.now() / 1_000),
    model: body.model,
  };
  if (body.stream === true) await streamCompletion(response, body, { envelope, pace });
  else sendCompletion(response, body, envelope);
}

/** Compares in a time that does not tell how much is right. */
function isSame(given: string, expected: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}

async function closeServer(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = once(server, "close");
  server.close();
  server.closeAllConnections();
  await closed;
}
