import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSqlite, type Message } from "@llm-backend/storage";
import { expect, it } from "vitest";
import { interruptRuns } from "../src/chat/interrupt-runs.ts";
import { readEvents } from "../src/chat/run-log.ts";
import { readStoredLog } from "../src/chat/stored-log.ts";
import { toRun } from "./run-row.ts";

const user = {
  id: 1,
  username: "ann",
  usernameKey: "ann",
  passwordHash: "none",
  role: "user",
  status: "active",
  tokensValidFrom: 0,
  createdAt: 0,
} as const;

const conversation = {
  id: 1,
  userId: 1,
  title: "T",
  titleSource: "user",
  model: "a-model",
  apiKeySealed: null,
  systemPrompt: null,
  headMessageId: null,
  isPinned: false,
  isArchived: false,
  tools: null,
  knowledgeBaseIds: [],
  topK: null,
  importKey: null,
  createdAt: 0,
  updatedAt: 0,
} as const;

const toAnswer = (id: string, said: Pick<Message, "content" | "reasoning" | "runId">): Message => ({
  id,
  conversationId: 1,
  parentId: null,
  role: "assistant",
  model: "a-model",
  finishReason: null,
  usage: null,
  createdAt: 0,
  ...said,
});

it("an answer that was to go on keeps the text that it begins with, however early its process died", async () => {
  await using cleanup = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "llm-backend-interrupt-"));
  cleanup.defer(() => rm(folder, { recursive: true }));
  const storage = await openSqlite({ path: join(folder, "test.db") });
  cleanup.defer(() => storage.close());
  await storage.users.insert(user);
  await storage.conversations.insert(conversation);
  const run = toRun({ continuedMessageId: "msg_old" });
  await storage.runs.insert(run);
  await storage.messages.insert([
    toAnswer("msg_old", { content: "Once upon", reasoning: "hm", runId: null }),
    toAnswer(run.assistantMessageId, { content: "", reasoning: null, runId: run.id }),
  ]);

  expect(await interruptRuns({ storage, now: () => 5 }, [])).toBe(1);
  const answer = await storage.messages.find(run.assistantMessageId, 1);
  expect(answer).toMatchObject({ content: "Once upon", reasoning: "hm" });
  const ended = await storage.runs.find(run.id, 1);
  const { log } = readStoredLog(ended?.log ?? "[]", { content: "Once upon", reasoning: "hm" });
  expect(readEvents(log).map(({ type }) => type)).toEqual([
    "run-start",
    "reasoning-delta",
    "text-delta",
    "run-interrupt",
  ]);
});
