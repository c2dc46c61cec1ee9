import type { Slot } from "../pool/pool.ts";
import type { ChatRequest } from "../ports.ts";
import { toPath } from "../routing/endpoint.ts";
import type { WireRequest } from "./connections.ts";

/** The body of a chat request as an upstream gets it: always a stream, and with usage unless it refuses that. */
export function toChatBody(request: ChatRequest, model: string, withUsage: boolean): string {
  const { stream_options: _, ...parameters } = request.parameters ?? {};
  return JSON.stringify({
    ...parameters,
    model,
    messages: request.messages,
    stream: true,
    ...(withUsage && { stream_options: { include_usage: true } }),
  });
}

/** A chat request to a candidate. These headers and no others are sent. */
export function toChatRequest({ upstream, key }: Pick<Slot, "upstream" | "key">, body: string): WireRequest {
  return {
    origin: upstream.endpoint.origin,
    path: toPath(upstream.endpoint, "/chat/completions"),
    method: "POST",
    headers: {
      "content-type": "application/json",
      accept: "text/event-stream, application/json",
      // A compressed stream would be held back by whoever compresses it.
      "accept-encoding": "identity",
      "user-agent": "llm-backend",
      ...(key !== undefined && { authorization: `Bearer ${key}` }),
    },
    body,
  };
}
