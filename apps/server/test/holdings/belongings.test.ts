import { createHash } from "node:crypto";
import { exportedConversationSchema, type ExportedConversation } from "@llm-backend/contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { upload } from "../attachments/attachment-stage.ts";
import { createPng } from "../attachments/file-bytes.ts";
import type { StageUser } from "../callers/chat-stage.ts";
import { newRequestId, type Started } from "../chat/read-run.ts";
import {
  calling,
  done,
  follow,
  listTools,
  program,
  prompts,
  readAnswer,
  setToolStage,
  type ToolStage,
} from "../tools/tool-stage.ts";
import { smallDocument } from "./small-document.ts";

let stage: ToolStage;
beforeAll(async () => {
  stage = await setToolStage({ servers: { box: program({ permission: "always" }) } });
});
afterAll(() => stage[Symbol.asyncDispose]());

type Imported = { conversation: { conversationId: number }; isNew: boolean };
type View = { messageId: string; attachments: { attachmentId: string; name: string }[] };

const cat = createPng(3, 4, "a cat");
const note = "a,b\n1,2\n";
const toHash = (bytes: string | Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const toBase64 = (bytes: string | Uint8Array) => Buffer.from(bytes).toString("base64");

const exportOf = async (user: StageUser, conversationId: number) =>
  (await user.trpc.query<{ document: ExportedConversation }>("conversation.export", { conversationId }))
    .document;
const tryImport = (user: StageUser, document: object) =>
  user.trpc.tryMutate("conversation.import", { document });
const importInto = async (user: StageUser, document: object) =>
  user.trpc.mutate<Imported>("conversation.import", { document });
const readViews = async (user: StageUser, conversationId: number) =>
  (await user.trpc.query<{ messages: View[] }>("conversation.history", { conversationId })).messages;
const countFiles = async (user: StageUser) =>
  (await user.trpc.query<{ attachments: unknown[] }>("attachment.list", {})).attachments.length;

/** A conversation whose question has files, and for whose answer a tool was called. */
async function addTalk() {
  const user = await stage.addUser();
  await listTools(user);
  const conversationId = await stage.openConversation(user);
  const files = [await upload(user.rest, cat, "cat.png"), await upload(user.rest, note, "note.csv")];
  stage.upstream.enqueue(calling(["box__echo", { text: "hi" }]), done);
  const { runId, assistantMessageId } = await user.trpc.mutate<Started>("chat.send", {
    conversationId,
    requestId: newRequestId(),
    message: "What is it?",
    attachmentIds: files.map(({ attachment_id }) => attachment_id),
  });
  await follow(user, runId);
  return { user, conversationId, assistantMessageId };
}

const toCalls = (answer: { readonly toolCalls: readonly object[] }) => answer.toolCalls;

describe("calls of tools, and files", () => {
  it("are in the document: contents once, at its end", async () => {
    const { user, conversationId } = await addTalk();
    const document = await exportOf(user, conversationId);
    expect(exportedConversationSchema.parse(document)).toEqual(document);
    expect(document.version).toBe(2);
    expect(document.messages[0]?.attachments?.map(({ name, sha256 }) => [name, sha256])).toEqual([
      ["cat.png", toHash(cat)],
      ["note.csv", toHash(note)],
    ]);
    expect(document.files).toEqual([
      { sha256: toHash(cat), base64: toBase64(cat) },
      { sha256: toHash(note), base64: toBase64(note) },
    ]);
    expect(document.messages[1]?.toolCalls).toMatchObject([
      { name: "box__echo", arguments: '{"text":"hi"}', state: "done", text: "echo: hi" },
    ]);
  });

  it("become somebody else's with it, once, and are in the prompts of what follows", async () => {
    const { user, conversationId } = await addTalk();
    const document = await exportOf(user, conversationId);
    const other = await stage.addUser();
    await listTools(other);
    const { conversation } = await importInto(other, document);
    expect((await importInto(other, document)).isNew).toBe(false);
    expect(await countFiles(other)).toBe(2);
    const copyId = conversation.conversationId;
    expect(await exportOf(other, copyId)).toEqual(document);
    expect(toCalls(await readAnswer(other, copyId))).toEqual(toCalls(await readAnswer(user, conversationId)));
    const [question] = await readViews(other, copyId);
    expect(question?.attachments.map(({ name }) => name)).toEqual(["cat.png", "note.csv"]);
    const id = question?.attachments[0]?.attachmentId ?? "";
    const bytes = await (await other.rest.get(`/api/attachments/${id}`)).arrayBuffer();
    expect(new Uint8Array(bytes)).toEqual(cat);

    await other.trpc.mutate("conversation.update", { conversationId: copyId, tools: "all" });
    stage.upstream.enqueue(done);
    const input = { conversationId: copyId, requestId: newRequestId(), message: "And?" };
    await follow(other, (await other.trpc.mutate<Started>("chat.send", input)).runId);
    const asked = prompts(stage).at(-1)?.messages ?? [];
    expect(asked.map(({ role }) => role).slice(-5)).toEqual([
      "user",
      "assistant",
      "tool",
      "assistant",
      "user",
    ]);
    expect(JSON.stringify(asked)).toContain(toBase64(cat));
    expect(asked.find(({ role }) => role === "tool")?.content).toBe("echo: hi");
  });

  it("are kept by a fork, and by a fork of it", async () => {
    const { user, conversationId, assistantMessageId } = await addTalk();
    const before = await readAnswer(user, conversationId);
    let fork = { conversationId, headMessageId: assistantMessageId };
    for (let count = 0; count < 2; count++) {
      const input = { conversationId: fork.conversationId, messageId: fork.headMessageId };
      fork = await user.trpc.mutate<typeof fork>("conversation.fork", input);
    }
    await user.trpc.mutate("conversation.remove", { conversationId });
    expect(toCalls(await readAnswer(user, fork.conversationId))).toEqual(toCalls(before));
    const document = await exportOf(user, fork.conversationId);
    expect(document.files).toHaveLength(2);
    expect(document.messages[1]?.toolCalls).toMatchObject([{ name: "box__echo", text: "echo: hi" }]);
  });

  it("are named in Markdown", async () => {
    const { user, conversationId } = await addTalk();
    const { text } = await user.trpc.query<{ text: string }>("conversation.export", {
      conversationId,
      format: "markdown",
    });
    expect(text).toContain(
      `\n\n- File: cat.png (image/png, ${cat.length} bytes)\n- File: note.csv (text/plain, 8 bytes)\n\nWhat is it?\n`,
    );
    expect(text).toContain("\n\n- Tool: box__echo (done)\n\nAll done.\n");
  });
});

describe("a document of files", () => {
  const [message] = smallDocument.messages;
  const attachment = { name: "n.csv", mediaType: "text/plain", bytes: note.length, sha256: toHash(note) };
  const withFiles = (attachments: object[], files: object[]) => ({
    ...smallDocument,
    version: 2,
    messages: [{ ...message, attachments }],
    files,
  });
  const content = { sha256: toHash(note), base64: toBase64(note) };

  it("without their contents takes those that its user has, and leaves out the others", async () => {
    const user = await stage.addUser();
    await upload(user.rest, note, "mine.csv");
    const other = { ...attachment, sha256: toHash("other") };
    const document = withFiles([other, attachment], []);
    const { conversation } = await importInto(user, document);
    const [view] = await readViews(user, conversation.conversationId);
    expect(view?.attachments.map(({ name }) => name)).toEqual(["mine.csv"]);
  });

  it("brings a content once under each of its names", async () => {
    const user = await stage.addUser();
    const { conversation } = await importInto(
      user,
      withFiles([attachment, { ...attachment, name: "again.csv" }], [content]),
    );
    const [view] = await readViews(user, conversation.conversationId);
    expect(view?.attachments.map(({ name }) => name)).toEqual(["n.csv", "again.csv"]);
    expect((await exportOf(user, conversation.conversationId)).files).toEqual([content]);
  });

  it.each([
    ["a content that is another one", 400, [attachment], [{ ...content, base64: toBase64("other") }]],
    ["what is no base64", 400, [attachment], [{ ...content, base64: "a-_b" }]],
    [
      "a content that nobody may bring",
      415,
      [{ ...attachment, sha256: toHash("\0") }],
      [{ sha256: toHash("\0"), base64: toBase64("\0") }],
    ],
  ])("is refused with %s, and leaves nothing behind", async (_, status, attachments, files) => {
    const user = await stage.addUser();
    expect((await tryImport(user, withFiles(attachments, files))).status).toBe(status);
    expect(await user.trpc.query("conversation.list", { archived: "all" })).toMatchObject({
      conversations: [],
    });
    expect(await countFiles(user)).toBe(0);
  });

  it("leaves out contents that would make it too long to be brought in again", async () => {
    const user = await stage.addUser();
    const texts = ["a", "b", "c"].map((letter) => letter.repeat(1_000_000));
    const bodies = [texts[0] as string, createPng(1, 1, "x".repeat(6_000_000)), texts[1] as string];
    const ids: string[] = [];
    for (const body of bodies) ids.push((await upload(user.rest, body)).attachment_id);
    const conversationId = await stage.openConversation(user, null);
    stage.upstream.enqueue(done);
    const input = { conversationId, requestId: newRequestId(), message: "hi", attachmentIds: ids };
    await follow(user, (await user.trpc.mutate<Started>("chat.send", input)).runId);
    const document = await exportOf(user, conversationId);
    expect(document.messages[0]?.attachments).toHaveLength(3);
    expect(document.files?.map(({ sha256 }) => sha256)).toEqual([
      toHash(texts[0] ?? ""),
      toHash(texts[1] ?? ""),
    ]);
    const other = await stage.addUser();
    await importInto(other, document);
    expect(await countFiles(other)).toBe(2);
  });
});
