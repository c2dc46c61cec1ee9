import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { JobEvent, KnowledgeBasePage, KnowledgeHits, Readers } from "@llm-backend/contract";
import { answer } from "@llm-backend/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { setChatStage, until, type ChatStage, type StageUser } from "../callers/chat-stage.ts";
import { createConversation, password } from "../callers/rest-caller.ts";
import { createBase, fillBase, send, trySend, untilSettled } from "./knowledge-stage.ts";

let stage: ChatStage;
let owner: StageUser;

beforeAll(async () => {
  stage = await setChatStage({
    upstream: { reply: answer("Fine.") },
    backend: { config: { knowledge: { documents_per_user_max: 3, bases_per_user_max: 4 } } },
  });
  owner = await stage.addUser();
});
afterAll(() => stage[Symbol.asyncDispose]());

const secret = { name: "secret.md", content: "# Plans\n\nThe launch is on the ninth of May." };
const nameOf = async ({ trpc }: StageUser) => (await trpc.query<{ username: string }>("auth.me")).username;
const find = (user: StageUser, baseId: string) =>
  user.trpc.tryQuery("knowledge.search", { text: "When is the launch?", baseIds: [baseId] });

function listFiles(): string[] {
  const folder = join(stage.backend.dataFolder, "files");
  const paths = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return paths.filter((path) => /[0-9a-f]{24}$/.test(path));
}

describe("a reader of a base", () => {
  it("searches it and asks about it, until the owner says no", async () => {
    const user = await stage.addUser();
    const [baseId, documentId] = await fillBase(owner, [secret]);
    const username = await nameOf(user);
    expect((await find(user, baseId)).status).toBe(404);
    const added = await owner.trpc.mutate<Readers>("knowledge.addReader", {
      baseId,
      username: username.toUpperCase(),
    });
    expect(added.readers).toEqual([{ username }]);

    expect(((await find(user, baseId)).data as KnowledgeHits).passages[0]?.content).toContain("ninth of May");
    const list = await user.trpc.query<KnowledgeBasePage>("knowledge.listBases", {});
    expect(list.bases).toMatchObject([{ baseId, access: "reader" }]);
    const page = await user.trpc.query("knowledge.documents.passages", { baseId, documentId });
    expect(page).toMatchObject({ passages: [{ content: expect.stringContaining("ninth") }] });

    await owner.trpc.mutate("knowledge.removeReader", { baseId, username });
    expect((await find(user, baseId)).status).toBe(404);
  });

  it("changes nothing in it", async () => {
    const user = await stage.addUser();
    const baseId = await createBase(owner.trpc);
    await owner.trpc.mutate("knowledge.addReader", { baseId, username: await nameOf(user) });
    for (const [path, input] of [
      ["updateBase", { baseId, name: "Mine" }],
      ["removeBase", { baseId }],
      ["addReader", { baseId, username: await nameOf(user) }],
      ["removeReader", { baseId, username: await nameOf(owner) }],
    ] as const) {
      expect((await user.trpc.tryMutate(`knowledge.${path}`, input)).status).toBe(403);
    }
    const sent = await trySend(user.rest, [
      ["kb_id", baseId],
      ["file", secret],
    ]);
    expect(sent.status).toBe(403);
    expect(await sent.json()).toMatchObject({ success: false });
  });

  it("can leave it", async () => {
    const user = await stage.addUser();
    const baseId = await createBase(owner.trpc);
    const username = await nameOf(user);
    await owner.trpc.mutate("knowledge.addReader", { baseId, username });
    await user.trpc.mutate("knowledge.removeReader", { baseId, username });
    expect(await owner.trpc.query("knowledge.listReaders", { baseId })).toEqual({ readers: [] });
  });

  it("loses it in conversations too, which go on without", async () => {
    const user = await stage.addUser();
    const other = await stage.addUser();
    const [baseId] = await fillBase(other, [secret]);
    const username = await nameOf(user);
    await other.trpc.mutate("knowledge.addReader", { baseId, username });
    const conversationId = await createConversation(user.rest);
    await user.trpc.mutate("conversation.update", { conversationId, knowledgeBaseIds: [baseId] });
    await other.trpc.mutate("knowledge.removeReader", { baseId, username });
    const answered = await user.rest.post(`/api/chat/${conversationId}`, { message: "When is the launch?" });
    expect(await answered.text()).toContain('"full_response"');
    expect(JSON.stringify(stage.upstream.calls.at(-1)?.body)).not.toContain("ninth");
  });
});

/** What somebody is told who follows the jobs of a base: the error's code at its end. */
async function* follow(user: StageUser, baseId: string): AsyncGenerator<JobEvent | string, void> {
  for await (const item of user.trpc.subscribe("knowledge.jobs", { baseId })) {
    if (item.kind === "error") yield item.error.data.reason;
    if (item.kind === "event") yield item.event as unknown as JobEvent;
  }
}

describe("who follows the jobs of a base", () => {
  it("is told no more once the owner says no, or the base is gone", async () => {
    const user = await stage.addUser();
    const other = await stage.addUser();
    const baseId = await createBase(other.trpc);
    const username = await nameOf(user);
    await other.trpc.mutate("knowledge.addReader", { baseId, username });
    const [reading, owning] = [follow(user, baseId), follow(other, baseId)];
    for (const events of [reading, owning]) {
      expect(await events.next()).toMatchObject({ value: { type: "jobs", jobs: [] } });
    }
    await other.trpc.mutate("knowledge.removeReader", { baseId, username });
    expect(await reading.next()).toMatchObject({ value: "not_found" });
    await other.trpc.mutate("knowledge.removeBase", { baseId });
    expect(await owning.next()).toMatchObject({ value: "not_found" });
  });

  it("follows a few at a time", async () => {
    const user = await stage.addUser();
    const baseId = await createBase(user.trpc);
    const followed = Array.from({ length: 8 }, () => follow(user, baseId));
    for (const events of followed) await events.next();
    const more = follow(user, baseId);
    expect(await more.next()).toMatchObject({ value: "rate_limited" });
    await Promise.all([...followed, more].map((events) => events.return()));
    await until(async () => {
      const again = follow(user, baseId);
      const { value } = await again.next();
      await again.return();
      return typeof value === "object";
    }, "a place to be free again");
  });
});

describe("a foreign base", () => {
  it("can neither be attached to a conversation nor asked", async () => {
    const user = await stage.addUser();
    const baseId = await createBase((await stage.addUser()).trpc);
    const conversationId = await createConversation(user.rest);
    const attach = { conversationId, knowledgeBaseIds: [baseId] };
    expect((await user.trpc.tryMutate("conversation.update", attach)).status).toBe(404);
    const made = await user.trpc.tryMutate("conversation.create", { model: "m", knowledgeBaseIds: [baseId] });
    expect(made.status).toBe(404);
    const sent = { ...attach, requestId: "r", message: "Hi" };
    expect((await user.trpc.tryMutate("chat.send", sent)).status).toBe(404);
    expect((await user.trpc.tryQuery("knowledge.documents.list", { baseId })).status).toBe(404);
  });
});

describe("what a user may have", () => {
  it("is limited", async () => {
    const user = await stage.addUser();
    const baseId = await createBase(user.trpc);
    for (let index = 0; index < 3; index++)
      await send(user.rest, baseId, { ...secret, name: `${index}.txt` });
    const sent = await trySend(user.rest, [
      ["kb_id", baseId],
      ["file", secret],
    ]);
    expect(sent.status).toBe(429);
    for (let index = 0; index < 3; index++) await createBase(user.trpc);
    expect((await user.trpc.tryMutate("knowledge.createBase", { name: "A" })).status).toBe(429);
  });
});

describe("what is removed", () => {
  it("is gone from the disk as well: a document, and a base", async () => {
    const user = await stage.addUser();
    const before = listFiles().length;
    const [baseId, documentId] = await fillBase(user, [secret, { ...secret, name: "other.md" }]);
    expect(listFiles()).toHaveLength(before + 2);
    await user.trpc.mutate("knowledge.documents.remove", { baseId, documentId });
    await until(() => listFiles().length === before + 1, "the document's file to go");
    await user.trpc.mutate("knowledge.removeBase", { baseId });
    expect((await user.trpc.tryQuery("knowledge.getBase", { baseId })).status).toBe(404);
    await until(() => listFiles().length === before, "the base's files to go");
  });

  it("is everything of an account that is given up", async () => {
    const user = await stage.addUser();
    const before = listFiles().length;
    const [baseId] = await fillBase(user, [secret]);
    const reader = await stage.addUser();
    await user.trpc.mutate("knowledge.addReader", { baseId, username: await nameOf(reader) });
    await user.trpc.mutate("auth.deleteAccount", { password });
    expect(listFiles()).toHaveLength(before);
    expect((await find(reader, baseId)).status).toBe(404);
    expect(await reader.trpc.query("knowledge.listBases", {})).toMatchObject({ bases: [] });
  });
});

describe("a document that cannot be read", () => {
  it("fails with a reason, is tried again, and can be given up; the server is as ready as before", async () => {
    const user = await stage.addUser();
    const baseId = await createBase(user.trpc);
    const broken = { name: "broken.docx", content: Buffer.from("504b0304ffff", "hex") };
    const { doc_id: documentId } = await send(user.rest, baseId, broken);
    const failed = await untilSettled(user.trpc, baseId, documentId);
    expect(failed).toMatchObject({
      state: "failed",
      isSearchable: false,
      failure: { code: "document_unreadable" },
    });
    const ready = await fetch(`${stage.backend.url}/readyz`);
    expect(ready.status).toBe(200);
    await user.trpc.mutate("knowledge.documents.retry", { baseId, documentId });
    expect(await untilSettled(user.trpc, baseId, documentId)).toMatchObject({ state: "failed" });
    // The same bytes again are another try, too.
    expect(await send(user.rest, baseId, broken)).toMatchObject({ doc_id: documentId, is_new: true });
    await untilSettled(user.trpc, baseId, documentId);
    const cancelled = await user.trpc.mutate("knowledge.documents.cancel", { baseId, documentId });
    expect(cancelled).toMatchObject({ state: "failed" });
  });
});
