import { readdirSync, rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSqlite, type Conversation, type Message, type Storage } from "@llm-backend/storage";
import { afterEach, beforeEach, expect, it } from "vitest";
import { defaultAttachmentLimits } from "../src/attachment/attachment-limits.ts";
import { createAttachmentService, type AttachmentService } from "../src/attachment/attachment-service.ts";
import type { Viewer } from "../src/auth/viewer.ts";
import { createNewId } from "../src/identity/new-id.ts";
import { codeOf } from "./open-services.ts";

const viewer = { userId: 1 } as Viewer;
const hourMs = 3_600_000;
const newId = createNewId(Date.now);

let folder: string;
let storage: Storage;
let clock: number;
let service: AttachmentService;

const openService = (given: Storage) =>
  createAttachmentService({ storage: given, newId, now: () => clock, limits: defaultAttachmentLimits });

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "llm-backend-attachments-"));
  storage = await openSqlite({ path: join(folder, "test.db") });
  // Files are as old as the disk says.
  clock = Date.now();
  service = openService(storage);
  const user = {
    username: "ann",
    usernameKey: "ann",
    passwordHash: "none",
    role: "user",
    status: "active",
  } as const;
  await storage.users.insert({ ...user, id: 1, tokensValidFrom: 0, createdAt: 0 });
});
afterEach(async () => {
  await storage.close();
  await rm(folder, { recursive: true });
});

async function* toBody(text: string) {
  yield Buffer.from(text);
}
const upload = async (text: string, name = "a.txt", by = service) =>
  (await by.upload(viewer, { name, body: toBody(text), bytes: undefined })).attachmentId;
const listFiles = () =>
  readdirSync(join(folder, "files"), { recursive: true, encoding: "utf8" }).filter(
    (path) => path.length > 30 || path.startsWith("incoming/"),
  );

/** A message with files, in a conversation of its own. */
async function send(conversationId: number, attachmentIds: readonly string[]): Promise<void> {
  const conversation = {
    id: conversationId,
    userId: 1,
    title: "T",
    titleSource: "user",
    model: "m",
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
  } satisfies Conversation;
  const message: Message = {
    id: newId.text("msg"),
    conversationId,
    parentId: null,
    role: "user",
    content: "hi",
    reasoning: null,
    model: null,
    finishReason: null,
    usage: null,
    runId: null,
    createdAt: 0,
  };
  await storage.transaction(async (tx) => {
    await tx.conversations.insert(conversation);
    await tx.messages.insert([message]);
    await tx.attachments.link(message, attachmentIds);
  });
}

it("removes a file that was never sent after a day, and not one that was, or was brought again", async () => {
  const [unsent, sent, again] = [await upload("unsent"), await upload("sent"), await upload("again")];
  await send(1, [sent]);
  clock += 20 * hourMs;
  await service.sweep();
  expect(listFiles()).toHaveLength(3);
  expect(await upload("again")).toBe(again);
  clock += 5 * hourMs;
  await service.sweep();
  expect(listFiles()).toHaveLength(2);
  expect(await codeOf(service.get(viewer, unsent))).toBe("not_found");
  expect((await service.get(viewer, again)).name).toBe("a.txt");
  clock += 1000 * hourMs;
  await service.sweep();
  expect((await service.get(viewer, sent)).bytes).toBe(4);
});

it("keeps a file until the last message that has it is gone", async () => {
  const id = await upload("in two");
  await send(1, [id]);
  await send(2, [id]);
  await storage.conversations.delete(1, 1);
  await service.sweep();
  expect(listFiles()).toHaveLength(1);
  await storage.conversations.delete(2, 1);
  expect(await codeOf(service.get(viewer, id))).toBe("not_found");
  expect((await service.list(viewer, { limit: 9 })).bytesUsed).toBe(0);
  await service.sweep();
  expect(listFiles()).toEqual([]);
});

it("keeps a content that comes again while it is being removed", async () => {
  const id = await upload("wanted again");
  await service.remove(viewer, id);
  // Between the moment at which its file is put aside and the one at which its row would go.
  const { files } = storage;
  const recall: typeof files.recall = async (file) => {
    await files.recall(file);
    await upload("wanted again", "b.txt");
  };
  await openService({ ...storage, files: { ...files, recall } }).sweep();
  const [kept] = (await service.list(viewer, { limit: 9 })).attachments;
  const { handle } = await service.open(viewer, kept?.attachmentId ?? "");
  expect(await handle.readFile("utf8")).toBe("wanted again");
  await handle.close();
  expect(listFiles().filter((path) => path.startsWith("incoming/"))).toEqual([]);
});

it.each(["settle", "remove"] as const)("finds what a crash before %s has left over", async (step) => {
  const { files } = storage;
  const crash = () => Promise.reject(new Error("The process is gone."));
  const crashing = openService({ ...storage, files: { ...files, [step]: crash } });
  if (step === "settle") await expect(upload("left over", "a.txt", crashing)).rejects.toThrow("gone");
  else {
    await service.remove(viewer, await upload("left over"));
    await expect(crashing.sweep()).rejects.toThrow("gone");
  }
  expect(listFiles().filter((path) => path.startsWith("incoming/"))).toHaveLength(1);
  clock += 2 * hourMs;
  await service.sweep();
  const rows = (await service.list(viewer, { limit: 9 })).attachments;
  expect(rows).toHaveLength(step === "settle" ? 1 : 0);
  expect(listFiles()).toHaveLength(rows.length);
  for (const { attachmentId } of rows) {
    const { handle } = await service.open(viewer, attachmentId);
    expect(await handle.readFile("utf8")).toBe("left over");
    await handle.close();
  }
});

it("takes the same bytes as the file of a content whose file is lost", async () => {
  const id = await upload("lost");
  rmSync(join(folder, "files"), { recursive: true });
  expect(await codeOf(service.open(viewer, id))).toBe("not_found");
  expect(await upload("lost")).toBe(id);
  const { handle } = await service.open(viewer, id);
  expect(await handle.readFile("utf8")).toBe("lost");
  await handle.close();
});
