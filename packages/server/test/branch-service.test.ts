import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSqlite, type Conversation, type Message, type Storage } from "@llm-backend/storage";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Viewer } from "../src/auth/viewer.ts";
import { createBranchService, type BranchService } from "../src/chat/branch-service.ts";
import { createConversationService, toKeyPlace } from "../src/conversation/conversation-service.ts";
import { createNewId } from "../src/identity/new-id.ts";
import { createSealBox } from "../src/secrets/seal-box.ts";

const messagesMax = 10_000;
const newId = createNewId(() => Date.now());
const sealBox = createSealBox(new Uint8Array(32).fill(7));
const viewer = { userId: 1 } as Viewer;

let folder: string;
let storage: Storage;
let service: BranchService;
let source: Conversation;
let branch: Message[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "llm-backend-branches-"));
  storage = await openSqlite({ path: join(folder, "test.db") });
  const conversations = createConversationService({
    storage,
    sealBox,
    newId,
    now: Date.now,
    discardRuns: () => {},
  });
  service = createBranchService({ storage, sealBox, newId, now: Date.now, show: conversations.get });
  await storage.users.insert({
    id: viewer.userId,
    username: "ann",
    usernameKey: "ann",
    passwordHash: "none",
    role: "user",
    status: "active",
    tokensValidFrom: 0,
    createdAt: 0,
  });
  const { conversationId } = await conversations.create(viewer, {
    title: "Long",
    model: "a-model",
    apiKey: "sk-own",
  });
  source = (await storage.conversations.find(conversationId, viewer.userId)) as Conversation;
  branch = toBranch(conversationId);
  await storage.transaction(async (tx) => {
    for (let at = 0; at < branch.length; at += 1000) await tx.messages.insert(branch.slice(at, at + 1000));
  });
}, 60_000);
afterAll(async () => {
  await storage.close();
  await rm(folder, { recursive: true });
});

function toBranch(conversationId: number): Message[] {
  const made: Message[] = [];
  for (let index = 0; index < messagesMax; index++) {
    made.push({
      id: newId.text("msg"),
      conversationId,
      parentId: made.at(-1)?.id ?? null,
      role: index % 2 === 0 ? "user" : "assistant",
      content: `message ${index}`,
      reasoning: null,
      model: index % 2 === 0 ? null : "a-model",
      finishReason: index % 2 === 0 ? null : "stop",
      usage: null,
      runId: null,
      createdAt: index,
    });
  }
  return made;
}

describe("a branch of ten thousand messages", () => {
  it("is forked whole, in order, with a key that opens in its new place", async () => {
    const messageId = branch.at(-1)?.id ?? "";
    const fork = await service.fork(viewer, { conversationId: source.id, messageId });
    const texts: string[] = [];
    for (let next = fork.headMessageId; next !== null;) {
      const page = await storage.messages.listBranch(fork.conversationId, { messageId: next, limit: 1000 });
      texts.push(...page.map(({ content }) => content));
      next = page.at(-1)?.parentId ?? null;
    }
    expect(texts.toReversed()).toEqual(branch.map(({ content }) => content));
    const row = await storage.conversations.find(fork.conversationId, viewer.userId);
    expect(sealBox.open(row?.apiKeySealed ?? "", toKeyPlace(fork.conversationId))).toBe("sk-own");
    expect(row?.apiKeySealed).not.toBe(source.apiKeySealed);
  }, 30_000);

  it("is found down to its leaf from any version", async () => {
    const versions = [branch[0], branch[messagesMax / 2], branch.at(-1)];
    for (const version of versions) {
      const shown = await service.selectVersion(viewer, {
        conversationId: source.id,
        messageId: version?.id ?? "",
      });
      expect(shown.headMessageId).toBe(branch.at(-1)?.id);
    }
  });

  it("is not forked in part: when the end of it fails, nothing is there", async () => {
    const before = await storage.conversations.list(viewer.userId, { limit: 100 });
    const failing: Storage = {
      ...storage,
      transaction: (work) =>
        storage.transaction(async (tx) => {
          await work(tx);
          throw new Error("the disk is full");
        }),
    };
    const other = createBranchService({
      storage: failing,
      sealBox,
      newId,
      now: Date.now,
      show: () => Promise.reject(new Error("not reached")),
    });
    const messageId = branch[99]?.id ?? "";
    await expect(other.fork(viewer, { conversationId: source.id, messageId })).rejects.toThrow("disk");
    expect(await storage.conversations.list(viewer.userId, { limit: 100 })).toEqual(before);
  });
});
