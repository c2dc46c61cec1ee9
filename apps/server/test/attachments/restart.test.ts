import { createFakeUpstream, spawnBackend } from "@llm-backend/testing";
import { expect, it } from "vitest";
import { readPrompt, until } from "../callers/chat-stage.ts";
import { openSocket } from "../callers/raw-request.ts";
import { createConversation, createRestCaller, registerUser } from "../callers/rest-caller.ts";
import { createTrpcCaller } from "../callers/trpc-caller.ts";
import { followRun, newRequestId, type Started } from "../chat/read-run.ts";
import { listFiles, upload } from "./attachment-stage.ts";

it("has every file that was acknowledged after a kill, and counts nothing of one that was on its way", async () => {
  await using upstream = await createFakeUpstream();
  await using first = await spawnBackend({ upstreams: [upstream.url] });
  const user = await registerUser(first.url);
  const socket = await openSocket(first.url);
  socket.write(
    `POST /api/attachments HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${user.token}\r\nx-file-name: half\r\n` +
      `content-length: 5000\r\n\r\nhalf of it`,
  );
  await until(() => listFiles(first.dataFolder).incoming.length === 1, "the file is begun");
  const { attachment_id: id } = await upload(user, "acknowledged", "a.txt");
  await first.kill("SIGKILL");
  await using second = await first.restart();
  const trpc = createTrpcCaller(second.url, user.token);
  const page = await trpc.query<{ attachments: unknown[]; bytesUsed: number }>("attachment.list", {});
  expect([page.attachments.length, page.bytesUsed]).toEqual([1, 12]);
  const rest = createRestCaller(second.url, user.token);
  expect(await (await rest.get(`/api/attachments/${id}`)).text()).toBe("acknowledged");
  const conversationId = await createConversation(rest);
  const input = { conversationId, requestId: newRequestId(), message: "hi", attachmentIds: [id] };
  const { runId } = await trpc.mutate<Started>("chat.send", input);
  await followRun(trpc, runId);
  const prompt = readPrompt(upstream.calls.at(-1) ?? { body: {} });
  expect(prompt.at(-1)?.content).toBe('<file name="a.txt">\nacknowledged\n</file>\n\nhi');
});
