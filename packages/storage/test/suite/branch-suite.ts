import { expect, it } from "vitest";
import type { OpenDatabase } from "./open-database.ts";
import {
  createBranch,
  createMessage,
  createRun,
  insertConversation,
  insertMessages,
  nextTextId,
} from "./rows.ts";

const toFirst = (branch: readonly { readonly id: string }[]) => branch[0]?.id ?? "";
const toLast = (branch: readonly { readonly id: string }[]) => branch.at(-1)?.id ?? "";

export function testBranches(open: OpenDatabase): void {
  it("goes down to the newest leaf, and by what was chosen where something was", async () => {
    await using database = await open();
    const { branches, messages } = database.storage;
    const { id: conversationId } = await insertConversation(database.storage);
    const trunk = createBranch(2, { conversationId });
    const [root, fork] = trunk.map(({ id }) => id);
    if (root === undefined || fork === undefined) throw new Error("too few");
    const older = createBranch(3, { conversationId, parentId: fork });
    const newer = createBranch(2, { conversationId, parentId: fork });
    await messages.insert([...trunk, ...older, ...newer]);
    const down = (from = "") => branches.findShownLeaf(conversationId, from);
    const choose = (to: string, shown: string) => branches.choosePath(conversationId, { to, shown });
    expect(await down(root)).toBe(toLast(newer));
    await choose(toFirst(older), toLast(newer));
    expect(await down(root)).toBe(toLast(older));
    expect(await down(toFirst(newer))).toBe(toLast(newer));
    await choose(toFirst(newer), toLast(older));
    expect(await down(root)).toBe(toLast(newer));
    await choose(toLast(older), toLast(newer));
    expect(await down(root)).toBe(toLast(older));
    await branches.forgetChoice(fork);
    expect(await down(root)).toBe(toLast(newer));
    expect(await down(toLast(newer))).toBe(toLast(newer));
  });

  it("goes down ten thousand messages, and reads their ids in pages", async () => {
    await using database = await open();
    const { branches } = database.storage;
    const { id: conversationId } = await insertConversation(database.storage);
    const branch = createBranch(10_000, { conversationId });
    await insertMessages(database.storage, branch);
    expect(await branches.findShownLeaf(conversationId, branch[0]?.id ?? "")).toBe(branch.at(-1)?.id);
    const page = await branches.listIds(conversationId, { messageId: branch.at(-1)?.id ?? "", limit: 1000 });
    expect(page).toEqual(
      branch
        .slice(-1000)
        .toReversed()
        .map(({ id, parentId }) => ({ id, parentId })),
    );
  });

  it("remembers the way to a message over thousands of others, wherever it meets the one that is shown", async () => {
    await using database = await open();
    const { branches } = database.storage;
    const { id: conversationId } = await insertConversation(database.storage);
    const root = createMessage({ conversationId });
    const long = createBranch(3500, { conversationId, parentId: root.id });
    const other = createBranch(2500, { conversationId, parentId: root.id });
    const versionOf = ({ parentId }: { parentId: string | null }) =>
      createMessage({ conversationId, parentId });
    const places = [long[0], long[1000], long[3499]].flatMap((message) => message ?? []);
    await insertMessages(database.storage, [root, ...long, ...other, ...places.map(versionOf)]);
    const down = () => branches.findShownLeaf(conversationId, root.id);
    for (const shown of [toLast(other), null]) {
      await branches.choosePath(conversationId, { to: toLast(long), shown });
      expect(await down()).toBe(toLast(long));
      await branches.choosePath(conversationId, { to: toLast(other), shown: toLast(long) });
      expect(await down()).toBe(toLast(other));
    }
    await branches.choosePath(conversationId, { to: toFirst(long), shown: toLast(other) });
    expect(await down()).toBe(toLast(long));
  });

  it("reads no ids across conversations", async () => {
    await using database = await open();
    const { branches } = database.storage;
    const { id: conversationId } = await insertConversation(database.storage);
    const { id: elsewhere } = await insertConversation(database.storage);
    const message = createMessage({ conversationId });
    await insertMessages(database.storage, [message]);
    expect(await branches.listIds(elsewhere, { messageId: message.id, limit: 9 })).toEqual([]);
  });

  it("reads messages by their ids, in the order in which they are asked for", async () => {
    await using database = await open();
    const { id: conversationId } = await insertConversation(database.storage);
    const [first, second, third] = createBranch(3, { conversationId });
    if (first === undefined || second === undefined || third === undefined) throw new Error("too few");
    await insertMessages(database.storage, [first, second, third]);
    const { branches } = database.storage;
    expect(await branches.listMessages([third.id, "msg_none", first.id])).toEqual([third, first]);
    expect(await branches.listMessages([])).toEqual([]);
  });

  it("finds a fork by its request id, for its user only, until its conversation is gone", async () => {
    await using database = await open();
    const { branches, conversations } = database.storage;
    const { id: conversationId, userId } = await insertConversation(database.storage);
    const fork = { userId, requestId: nextTextId("request"), inputHash: "hash", conversationId };
    await branches.insertFork(fork);
    expect(await branches.findFork(fork.requestId, userId)).toEqual(fork);
    expect(await branches.findFork(fork.requestId, userId + 1_000_000)).toBeUndefined();
    await expect(branches.insertFork(fork)).rejects.toThrow(/unique/i);
    await conversations.delete(conversationId, userId);
    expect(await branches.findFork(fork.requestId, userId)).toBeUndefined();
  });

  it("lets a conversation with choices go", async () => {
    await using database = await open();
    const { branches, conversations } = database.storage;
    const { id: conversationId, userId } = await insertConversation(database.storage);
    const root = createMessage({ conversationId });
    const versions = [0, 1].map(() => createMessage({ conversationId, parentId: root.id }));
    await insertMessages(database.storage, [root, ...versions]);
    await branches.choosePath(conversationId, { to: versions[0]?.id ?? "", shown: null });
    expect(await branches.findShownLeaf(conversationId, root.id)).toBe(versions[0]?.id);
    expect(await conversations.delete(conversationId, userId)).toBe(true);
  });

  it("carries what a run goes on with, and when it is to end", async () => {
    await using database = await open();
    const { runs } = database.storage;
    const { id: conversationId, userId } = await insertConversation(database.storage);
    const given = [
      createRun({ userId, conversationId, onDisconnect: "cancel" }),
      createRun({ userId, conversationId, onDisconnect: { graceMs: 5 }, continuedMessageId: "msg_1" }),
      createRun({ userId, conversationId, state: "done" }),
    ];
    for (const run of given) await runs.insert(run);
    expect(await runs.listByIds(given.map(({ id }) => id))).toEqual(given);
    expect((await runs.listStreamingAnswerIds(conversationId)).toSorted()).toEqual(
      given.slice(0, 2).map(({ assistantMessageId }) => assistantMessageId),
    );
  });
}
