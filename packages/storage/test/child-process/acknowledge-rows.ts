import { writeSync } from "node:fs";
import { openSqlite } from "../../src/index.ts";
import { createMessage } from "../suite/rows.ts";

// Writes rows into a conversation for as long as it lives, and names on stdout each one that the storage acknowledged.
const [path = "", userId = "", round = ""] = process.argv.slice(2);
const storage = await openSqlite({ path, exclusive: true });
const [conversation] = await storage.conversations.list(Number(userId), { limit: 1 });
if (conversation === undefined) throw new Error("There is no conversation.");
const [run] = await storage.runs.listOrphaned([], { limit: 1 });
if (run === undefined) throw new Error("There is no run.");

let parentId = conversation.headMessageId;
for (let index = 0; ; index++) {
  const id = `msg_${round.padStart(4, "0")}_${String(index).padStart(6, "0")}`;
  const message = createMessage({
    id,
    conversationId: conversation.id,
    parentId,
    content: "x".repeat(index % 5000),
  });
  await storage.transaction(async (tx) => {
    await tx.messages.insert([message]);
    await tx.conversations.update(conversation.id, conversation.userId, { headMessageId: id });
  });
  parentId = id;
  writeSync(1, `message ${id}\n`);
  const start = Number(round) * 1_000_000 + index;
  await storage.journal([{ runId: run.id, start, events: "[]" }]);
  writeSync(1, `segment ${start}\n`);
}
