import type { Contender } from "../rivals/contender.ts";
import { toModel, type Script } from "./upstream/script.ts";

/** A POST with a JSON body, as the bytes that are written. */
export function toPost(
  { port, headers }: Pick<Contender, "port" | "headers">,
  { path, body }: { readonly path: string; readonly body: unknown },
): string {
  const text = JSON.stringify(body);
  const lines = [
    `POST ${path} HTTP/1.1`,
    `host: 127.0.0.1:${port}`,
    "content-type: application/json",
    `content-length: ${Buffer.byteLength(text)}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  return `${lines.join("\r\n")}\r\n\r\n${text}`;
}

/** A question to `/v1/chat/completions` that is answered by a script. */
export function toChatRequest(
  contender: Pick<Contender, "port" | "headers">,
  { script, isStreamed }: { readonly script: Script; readonly isStreamed: boolean },
): string {
  const body = {
    model: toModel(script),
    messages: [
      { role: "system", content: "You are a helpful assistant." },
      { role: "user", content: "Count, please." },
    ],
    ...(isStreamed ? { stream: true, stream_options: { include_usage: true } } : {}),
  };
  return toPost(contender, { path: "/v1/chat/completions", body });
}
