import { once } from "node:events";
import type { RunEvent } from "@llm-backend/contract";
import { createFakeUpstream, finish, say, startBackend } from "@llm-backend/testing";
import { expect, it } from "vitest";
import { WebSocket } from "ws";

type Message = { result?: { data?: { json: { data: RunEvent } } } };

const piece = "0123456789abcdef".repeat(1024);

async function call<T>(url: string, path: string, given: { body: unknown; token?: string }): Promise<T> {
  const response = await fetch(`${url}${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${given.token ?? ""}` },
    body: JSON.stringify(given.body),
  });
  return (await response.json()) as T;
}

it("waits for a WebSocket whose reader is slow, and neither cuts it off nor loses a character", async () => {
  // More than the kernel's buffers take on loopback: what is not read waits in the server, or is not made.
  const pieces = Array.from({ length: 1500 }, () => piece);
  await using upstream = await createFakeUpstream({ reply: { steps: [say(pieces), finish()] } });
  await using backend = await startBackend({
    upstreams: [upstream.url],
    config: { chat: { answer_bytes_max: 64 * 1024 * 1024 } },
  });
  const credentials = { username: "slow", password: "reads slowly" };
  await call(backend.url, "/api/users/register", { body: credentials });
  const { token } = await call<{ token: string }>(backend.url, "/api/users/login", { body: credentials });
  const body = { title: "long", model: "m" };
  const path = "/api/conversations/create";
  const made = await call<{ conversation_id: number }>(backend.url, path, { body, token });

  const socket = new WebSocket(`${backend.url.replace("http", "ws")}/trpc?connectionParams=1`);
  await once(socket, "open");
  socket.send(JSON.stringify({ method: "connectionParams", data: { token } }));
  const json = { conversationId: made.conversation_id, requestId: "slow-1", message: "much" };
  const params = { path: "chat.stream", input: { json } };
  socket.send(JSON.stringify({ id: 1, jsonrpc: "2.0", method: "subscription", params }));

  let length = 0;
  let isFirst = true;
  const ended = Promise.withResolvers<string>();
  socket.on("close", (code) => ended.resolve(`closed ${code}`));
  socket.on("message", (data: Buffer) => {
    const event = (JSON.parse(data.toString()) as Message).result?.data?.json.data;
    if (event?.type === "text-delta") length += event.text.length;
    if (event?.type === "run-done") ended.resolve("run-done");
    if (!isFirst) return;
    isFirst = false;
    // Reads nothing until the whole answer is there to be read.
    socket.pause();
    void waitForEnd(backend.url, { token, conversationId: made.conversation_id }).then(() => socket.resume());
  });
  expect(await ended.promise).toBe("run-done");
  expect(length).toBe(piece.length * pieces.length);
  socket.terminate();
});

/** Joins the answer over REST and reads it to its end. */
async function waitForEnd(url: string, given: { token: string; conversationId: number }): Promise<void> {
  const response = await fetch(`${url}/api/chat/${given.conversationId}`, {
    headers: { authorization: `Bearer ${given.token}` },
  });
  await response.text();
}
