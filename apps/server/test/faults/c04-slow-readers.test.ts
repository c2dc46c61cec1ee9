import { once } from "node:events";
import { readdirSync } from "node:fs";
import type { Socket } from "node:net";
import { endless, finish, role, say, wait } from "@llm-backend/testing";
import { describe, expect, it } from "vitest";
import { until } from "../callers/chat-stage.ts";
import { openSocket } from "../callers/raw-request.ts";
import { followRun, toText } from "../chat/read-run.ts";
import { setClientStage } from "./client-stage.ts";
import { isFullSize } from "./full-size.ts";
import { readProcessUsage } from "./process-usage.ts";
import { callerToken } from "./v1-caller.ts";

const readers = isFullSize ? 200 : 20;
const piece = "0123456789abcdef".repeat(1024);
/** More than what the system's own buffers take of one stream, and far more for all readers than they may hold. */
const pieces = 2400;
const textBytes = pieces * piece.length;
const mebibyte = 1024 * 1024;
/** What each reader may hold, and what a stream takes besides. */
const bytesPerReader = 320 * 1024;
/**
 * What the process itself may grow by while it works so hard: garbage, mostly. Written without waiting for those who do
 * not read, it would be the whole answer for each of them: 750 MiB.
 */
const restBytes = (isFullSize ? 512 : 256) * mebibyte;

/** A request of which the answer is never read. */
async function openUnread(url: string, lines: readonly string[], body = ""): Promise<Socket> {
  const socket = await openSocket(url);
  socket.pause();
  socket.write(`${lines.join("\r\n")}\r\n\r\n${body}`);
  return socket;
}

/** A reader that reads the head of its answer, and nothing more; who finds the server at its limits comes again. */
async function openStalled(url: string, lines: readonly string[]): Promise<{ socket: Socket; head: string }> {
  for (;;) {
    const socket = await openSocket(url);
    socket.write(`${lines.join("\r\n")}\r\n\r\n`);
    const [first] = (await once(socket, "data")) as [Buffer];
    socket.pause();
    const head = first.toString();
    if (!head.startsWith("HTTP/1.1 503")) return { socket, head };
    socket.destroy();
  }
}

const memoryOf = (pid: number | undefined): number => readProcessUsage(pid ?? 0)?.rssBytesMax ?? 0;

const countFiles = (pid: number | undefined): number => readdirSync(`/proc/${pid}/fd`).length;

describe("C04: readers that do not read", () => {
  it(
    "C04: of one answer are held back for little memory, are cut off, and go on where they were",
    { timeout: 300_000 },
    async () => {
      await using stage = await setClientStage({
        reply: {
          steps: [role(), ...Array.from({ length: pieces }, () => say(piece)), wait("end"), finish()],
        },
        config: {
          chat: { answer_bytes_max: 1.5 * textBytes },
          limits: { follower_stall_seconds: 2 },
        },
        ownProcess: true,
      });
      const user = await stage.addUser();
      const { runId } = await stage.send(user);
      await until(() => (stage.upstream.calls[0]?.bytesWritten ?? 0) > textBytes, "all is said");
      const { pid } = stage.backend;
      const readAll = async (): Promise<void> => {
        let length = 0;
        for await (const item of user.trpc.subscribe("chat.follow", { runId })) {
          if (item.kind === "event" && item.event.type === "text-delta") length += item.event.text.length;
          if (length === textBytes) return;
        }
      };
      // What one who reads costs the process, it has grown by before.
      await readAll();
      const [memoryBefore, filesBefore] = [memoryOf(pid), countFiles(pid)];
      const stalled: Awaited<ReturnType<typeof openStalled>>[] = [];
      for (let index = 0; index < readers; index++) {
        stalled.push(
          await openStalled(stage.backend.url, [
            `GET /api/chat/${user.conversationId} HTTP/1.1`,
            "Host: a",
            "Accept: text/event-stream",
            `Authorization: Bearer ${user.rest.token}`,
          ]),
        );
      }
      // One that reads has all of it meanwhile.
      await readAll();
      expect(memoryOf(pid) - memoryBefore).toBeLessThan(readers * bytesPerReader + restBytes);
      await until(() => countFiles(pid) < filesBefore + readers / 4, "those that read nothing are cut off");
      // The first of them fell behind first.
      const [first] = stalled;
      let received = first?.head ?? "";
      first?.socket.on("data", (chunk: Buffer) => (received += chunk.toString()));
      first?.socket.resume();
      if (first?.socket.closed === false) await once(first.socket, "close");
      const lastEventId = [...received.matchAll(/^id: (.+)$/gm)].at(-1)?.[1] ?? "";
      const seen = Number(lastEventId.split(":")[1]) - 1;
      expect(seen).toBeGreaterThan(0);
      expect(seen).toBeLessThan(textBytes);
      stage.upstream.open("end");
      expect(toText(await followRun(user.trpc, runId, lastEventId))).toHaveLength(textBytes - seen);
      for (const { socket } of stalled) socket.destroy();
      await stage.judge();
    },
  );

  it(
    "C04: of endless answers hold their upstreams back instead of filling memory",
    { timeout: 300_000 },
    async () => {
      await using stage = await setClientStage({
        reply: endless(piece),
        config: { limits: { follower_stall_seconds: 3 } },
        ownProcess: true,
      });
      const body = JSON.stringify({
        model: "fake-model",
        stream: true,
        messages: [{ role: "user", content: "Hi" }],
      });
      const before = memoryOf(stage.backend.pid);
      const sockets: Socket[] = [];
      for (let index = 0; index < readers; index++) {
        const head = [
          "POST /v1/chat/completions HTTP/1.1",
          "Host: a",
          `Authorization: Bearer ${callerToken}`,
          "Content-Type: application/json",
          `Content-Length: ${body.length}`,
        ];
        sockets.push(await openUnread(stage.backend.url, head, body));
      }
      await until(() => stage.upstream.calls.length === readers, "all of them are asked for");
      // They are cut off, and their upstreams with them, without having read a byte.
      for (const { closed } of stage.upstream.calls) expect((await closed).by).toBe("client");
      expect(memoryOf(stage.backend.pid) - before).toBeLessThan(readers * bytesPerReader + restBytes);
      for (const socket of sockets) socket.destroy();
      await stage.judge();
    },
  );
});
