import { once } from "node:events";
import { Socket } from "node:net";
import { createFakeUpstream, finish, role, say, startBackend, wait } from "@llm-backend/testing";
import { expect, it } from "vitest";
import { WebSocket } from "ws";
import { until } from "../callers/chat-stage.ts";
import { openSocket } from "../callers/raw-request.ts";
import { createConversation, registerUser, type RestCaller } from "../callers/rest-caller.ts";
import { createTrpcCaller } from "../callers/trpc-caller.ts";
import { followRun, newRequestId, toText, type Started } from "./read-run.ts";

const piece = "0123456789abcdef".repeat(1024);
const pieces = 1200;
const textBytes = piece.length * pieces;
const readersPerFace = 10;

/** What each socket of this process holds that was written to it and has not left, in bytes. */
function listHeld(): number[] {
  // oxlint-disable-next-line no-underscore-dangle -- Node has no other name for it
  const handles = (process as unknown as { _getActiveHandles(): unknown[] })._getActiveHandles();
  return handles.filter((handle) => handle instanceof Socket).map((socket) => socket.writableLength);
}

const countSockets = () =>
  (process as { getActiveResourcesInfo?: () => string[] })
    .getActiveResourcesInfo?.()
    .filter((name) => name === "TCPSocketWrap").length ?? 0;

/** A request of which the answer is never read. */
async function openUnread(user: RestCaller, target: string): Promise<Socket> {
  const socket = await openSocket(user.url);
  socket.pause();
  const head = [
    `GET ${target} HTTP/1.1`,
    "Host: a",
    "Accept: text/event-stream",
    `Authorization: Bearer ${user.token}`,
  ];
  socket.write(`${head.join("\r\n")}\r\n\r\n`);
  return socket;
}

/** A subscription of which the events are never read. */
async function openUnreadWebSocket(user: RestCaller, runId: string): Promise<WebSocket> {
  const socket = new WebSocket(`${user.url.replace("http", "ws")}/trpc`, {
    headers: { authorization: `Bearer ${user.token}` },
  });
  socket.on("error", () => {});
  await once(socket, "open");
  socket.pause();
  const params = { path: "chat.follow", input: { json: { runId } } };
  socket.send(JSON.stringify({ id: 1, method: "subscription", params }));
  return socket;
}

it(
  "readers that read nothing are held back for no more than 256 KB each, are cut off, and go on where they were",
  { timeout: 60_000 },
  async () => {
    await using upstream = await createFakeUpstream({
      reply: { steps: [role(), ...Array.from({ length: pieces }, () => say(piece)), wait("end"), finish()] },
    });
    await using backend = await startBackend({
      upstreams: [upstream.url],
      config: {
        chat: { answer_bytes_max: 2 * textBytes },
        limits: { streams_per_user_max: 100, follower_stall_seconds: 2 },
      },
    });
    const user = await registerUser(backend.url);
    const trpc = createTrpcCaller(backend.url, user.token);
    const conversationId = await createConversation(user);
    const { runId } = await trpc.mutate<Started>("chat.send", {
      conversationId,
      requestId: newRequestId(),
      message: "hi",
    });
    await until(() => (upstream.calls[0]?.bytesWritten ?? 0) > textBytes, "the upstream has said everything");
    const socketsBefore = countSockets();

    const input = encodeURIComponent(JSON.stringify({ json: { runId } }));
    const sockets: Socket[] = [];
    const webSockets: WebSocket[] = [];
    for (let index = 0; index < readersPerFace; index++) {
      sockets.push(await openUnread(user, `/api/chat/${conversationId}`));
      sockets.push(await openUnread(user, `/trpc/chat.follow?input=${input}`));
      webSockets.push(await openUnreadWebSocket(user, runId));
    }
    const readers = sockets.length + webSockets.length;
    expect(countSockets()).toBeGreaterThanOrEqual(socketsBefore + 2 * readers);

    // One that reads gets everything while the others do not.
    let text = "";
    for await (const item of trpc.subscribe("chat.follow", { runId })) {
      if (item.kind === "event" && item.event.type === "text-delta") text += item.event.text;
      if (text.length === textBytes) break;
    }
    const held = listHeld().filter((bytes) => bytes > 0);
    // All of them are behind, and none by more than it may be.
    expect(held.length).toBeGreaterThanOrEqual(readers);
    expect(Math.max(...held)).toBeLessThanOrEqual(256 * 1024);

    await until(() => countSockets() <= socketsBefore + readers + 2, "those that read nothing are cut off");
    upstream.open("end");
    expect(toText(await followRun(trpc, runId))).toHaveLength(textBytes);

    // Whoever was cut off goes on behind what reached them.
    const [first] = sockets;
    let received = "";
    first?.on("data", (chunk: Buffer) => (received += chunk.toString()));
    first?.resume();
    if (first?.closed === false) await once(first, "close");
    const lastEventId = [...received.matchAll(/^id: (.+)$/gm)].at(-1)?.[1] ?? "";
    const seen = Number(lastEventId.split(":")[1]) - 1;
    expect(seen).toBeGreaterThan(0);
    expect(seen).toBeLessThan(textBytes);
    expect(toText(await followRun(trpc, runId, lastEventId))).toHaveLength(textBytes - seen);
    for (const socket of sockets) socket.destroy();
    for (const socket of webSockets) socket.terminate();
  },
);
