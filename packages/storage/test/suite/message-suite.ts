import { expect, it } from "vitest";
import type { OpenDatabase } from "./open-database.ts";
import { createBranch, createMessage, insertConversation, insertMessages } from "./rows.ts";

export function testMessages(open: OpenDatabase): void {
  it("finds what it was given, in its own conversation only", async () => {
    await using database = await open();
    const { messages } = database.storage;
    const { id: conversationId } = await insertConversation(database.storage);
    const question = createMessage({ conversationId });
    const answer = createMessage({
      conversationId,
      parentId: question.id,
      role: "assistant",
      content: "",
      reasoning: "hm",
      model: "model-1",
      finishReason: "stop",
      usage: { promptTokens: 12, completionTokens: 0 },
      runId: "run_1",
    });
    await messages.insert([question, answer]);
    expect(await messages.find(question.id, conversationId)).toEqual(question);
    expect(await messages.find(answer.id, conversationId)).toEqual(answer);
    expect(await messages.find(answer.id, conversationId + 1_000_000)).toBeUndefined();
    expect(await messages.find("msg_none", conversationId)).toBeUndefined();
  });

  it("stores no messages without a complaint", async () => {
    await using database = await open();
    await expect(database.storage.messages.insert([])).resolves.toBeUndefined();
  });

  it("refuses a message without a conversation, and one whose parent is not there", async () => {
    await using database = await open();
    const { messages } = database.storage;
    const { id: conversationId } = await insertConversation(database.storage);
    await expect(messages.insert([createMessage({ conversationId: 1_000_000 })])).rejects.toThrow(
      /foreign key/i,
    );
    const orphan = createMessage({ conversationId, parentId: "msg_none" });
    await expect(messages.insert([createMessage({ conversationId }), orphan])).rejects.toThrow(
      /foreign key/i,
    );
    expect(await messages.listChildIds(conversationId, [null])).toEqual(new Map());
  });

  it("reads a branch from any message to its root, newest first", async () => {
    await using database = await open();
    const { messages } = database.storage;
    const { id: conversationId } = await insertConversation(database.storage);
    const trunk = createBranch(6, { conversationId });
    const versions = createBranch(3, { conversationId, parentId: trunk[2]?.id ?? null });
    await messages.insert([...trunk, ...versions]);
    const read = async (messageId = "") =>
      await messages.listBranch(conversationId, { messageId, limit: 100 });
    expect(await read(trunk.at(-1)?.id)).toEqual(trunk.toReversed());
    expect(await read(versions.at(-1)?.id)).toEqual([...trunk.slice(0, 3), ...versions].toReversed());
    expect(await read(trunk[0]?.id)).toEqual(trunk.slice(0, 1));
  });

  it("reads a long branch page by page, each message once", async () => {
    await using database = await open();
    const { messages } = database.storage;
    const { id: conversationId } = await insertConversation(database.storage);
    const branch = createBranch(1000, { conversationId });
    await insertMessages(database.storage, branch);
    const read: string[] = [];
    for (let messageId = branch.at(-1)?.id ?? null; messageId !== null;) {
      const page = await messages.listBranch(conversationId, { messageId, limit: 64 });
      expect(page.length).toBeLessThanOrEqual(64);
      read.push(...page.map(({ id }) => id));
      messageId = page.at(-1)?.parentId ?? null;
    }
    expect(read).toEqual(branch.map(({ id }) => id).toReversed());
  });

  it("reads no branch of a foreign conversation, and never walks into one", async () => {
    await using database = await open();
    const { messages } = database.storage;
    const mine = await insertConversation(database.storage);
    const foreign = await insertConversation(database.storage);
    const secret = createMessage({ conversationId: foreign.id, content: "secret" });
    const crossing = createMessage({ conversationId: mine.id, parentId: secret.id });
    await messages.insert([secret, crossing]);
    expect(await messages.listBranch(mine.id, { messageId: secret.id, limit: 10 })).toEqual([]);
    expect(await messages.listBranch(mine.id, { messageId: crossing.id, limit: 10 })).toEqual([crossing]);
    expect(await messages.listChildIds(foreign.id, [secret.id])).toEqual(new Map());
  });

  it("lists all versions under each parent, oldest first, and those of the root under null", async () => {
    await using database = await open();
    const { messages } = database.storage;
    const { id: conversationId } = await insertConversation(database.storage);
    const roots = [1, 2].map(() => createMessage({ conversationId }));
    const answers = [1, 2, 3].map(() => createMessage({ conversationId, parentId: roots[0]?.id ?? null }));
    const last = createMessage({ conversationId, parentId: answers[2]?.id ?? null });
    // Whatever order they were written in.
    await messages.insert([...roots.toReversed(), ...answers.toReversed(), last]);
    const ids = (rows: typeof roots) => rows.map(({ id }) => id);
    const root = roots[0]?.id ?? "";
    const third = answers[2]?.id ?? "";
    expect(await messages.listChildIds(conversationId, [null, root, third, "msg_none"])).toEqual(
      new Map<string | null, string[]>([
        [null, ids(roots)],
        [root, ids(answers)],
        [third, [last.id]],
      ]),
    );
    expect(await messages.listChildIds(conversationId, [null])).toEqual(new Map([[null, ids(roots)]]));
    expect(await messages.listChildIds(conversationId, [root])).toEqual(new Map([[root, ids(answers)]]));
    expect(await messages.listChildIds(conversationId, [])).toEqual(new Map());
  });

  it("writes an answer into its message, and says so when that is gone", async () => {
    await using database = await open();
    const { messages } = database.storage;
    const { id: conversationId } = await insertConversation(database.storage);
    const [question, answer] = createBranch(2, { conversationId });
    if (question === undefined || answer === undefined) throw new Error("no branch");
    await messages.insert([question, answer]);
    const change = {
      content: "42",
      reasoning: "long thought",
      model: "model-2",
      finishReason: "length",
      usage: { completionTokens: 1 },
    };
    expect(await messages.updateAnswer(answer.id, change)).toBe(true);
    expect(await messages.find(answer.id, conversationId)).toEqual({ ...answer, ...change });
    expect(await messages.find(question.id, conversationId)).toEqual(question);
    const citation = {
      number: 1,
      baseId: "kb_1",
      documentId: "doc_1",
      documentName: "a.md",
      passageId: 7,
      start: 0,
      end: 5,
      headings: ["A"],
      page: null,
      score: 0.5,
    };
    expect(await messages.updateAnswer(answer.id, { ...change, citations: [citation] })).toBe(true);
    expect(await messages.find(answer.id, conversationId)).toMatchObject({ citations: [citation] });
    const empty = { content: "", reasoning: null, model: null, finishReason: null, usage: null };
    expect(await messages.updateAnswer(answer.id, empty)).toBe(true);
    expect(await messages.find(answer.id, conversationId)).toEqual({ ...answer, ...empty });
    expect(await messages.updateAnswer("msg_none", change)).toBe(false);
  });
}
