import { beforeAll, describe, expect, it } from "vitest";
import { createFileStore } from "../src/attachment/file-store.ts";
import { migrateToLatest } from "../src/migrations/migrate.ts";
import { createGroupCommit } from "../src/sqlite/group-commit.ts";
import { createStorage, type Storage } from "../src/storage.ts";
import { openKysely } from "./open-kysely.ts";
import { createConversation, createRun, createUser } from "./suite/rows.ts";

type Query = { readonly sql: string; readonly parameters: readonly unknown[] };

const queries: Query[] = [];
const { connection, db } = openKysely(":memory:", ({ sql, parameters }) => queries.push({ sql, parameters }));
const storage = createStorage(db, {
  files: createFileStore("nowhere"),
  transaction: createGroupCommit(db),
  relaxedTransaction: createGroupCommit(db),
  relaxed: (write) => write(),
  close: () => db.destroy(),
});

beforeAll(async () => {
  await migrateToLatest(db);
  return () => storage.close();
});

/** How SQLite carries a statement out, line by line. */
function explain({ sql, parameters }: Query): string[] {
  const rows = connection
    .prepare<unknown[], { detail: string }>(`explain query plan ${sql}`)
    .all(...parameters);
  return rows.map(({ detail }) => detail);
}

/** The plans of all statements that a call makes. */
async function explainCall(call: (storage: Storage) => Promise<unknown>): Promise<string[]> {
  queries.length = 0;
  await call(storage);
  return queries.filter(({ sql }) => !/^(begin|commit)/.test(sql)).flatMap(explain);
}

/** Reading a whole table. What a statement brings along, or has found before, is none; nor is what runs now, or is to be removed. */
const isSlow = (step: string) =>
  /^SCAN (?!branch|below|contents|segment|\d+ CONSTANT ROWS|CONSTANT ROW|runs USING INDEX runs_streaming|knowledge_\w+ USING (COVERING )?INDEX knowledge_(bases_removed|versions_replaced|versions_given_up))/.test(
    step,
  );

/** A call, and the index that its plan names. */
type HotQuery = [name: string, call: (storage: Storage) => Promise<unknown>, index: RegExp];

const chatQueries: readonly HotQuery[] = [
  [
    "a page of conversations",
    (s) => s.conversations.list(1, { limit: 50 }),
    /conversations_user \(user_id=\?\)/,
  ],
  [
    "a further page of conversations",
    (s) => s.conversations.list(1, { before: 9, limit: 50 }),
    /conversations_user \(user_id=\? AND id<\?\)/,
  ],
  [
    "a page of the shelf",
    (s) => s.conversations.listShelf(1, { isArchived: false, behind: undefined, limit: 9 }),
    /conversations_shelf \(user_id=\? AND archived=\? AND pinned=\?\)/,
  ],
  [
    "a further page of the shelf",
    (s) =>
      s.conversations.listShelf(1, { isArchived: false, behind: { isPinned: true, before: 9 }, limit: 9 }),
    /conversations_shelf \(user_id=\? AND archived=\? AND pinned=\? AND id<\?\)/,
  ],
  [
    "a further page of the whole shelf",
    (s) =>
      s.conversations.listShelf(1, {
        isArchived: undefined,
        behind: { isPinned: false, before: 9 },
        limit: 9,
      }),
    /conversations_pinned \(user_id=\? AND pinned=\? AND id<\?\)/,
  ],
  [
    "an imported conversation",
    (s) => s.conversations.findByImportKey("k", 1),
    /conversations_import \(user_id=\? AND import_key=\?\)/,
  ],
  [
    "making an answer findable",
    (s) =>
      s.messages.updateAnswer("m", {
        content: "c",
        reasoning: null,
        model: null,
        finishReason: null,
        usage: null,
      }),
    /messages USING INDEX sqlite_autoindex_messages_1 \(id=\?\)/,
  ],
  ["a user's lines of the ledger", (s) => s.erasures.forgetLedger(1, 9), /ledger_user \(user_id=\?\)/],
  ["one conversation", (s) => s.conversations.find(1, 1), /conversations USING INTEGER PRIMARY KEY/],
  [
    "a branch",
    (s) => s.messages.listBranch(1, { messageId: "m", limit: 9 }),
    /parent USING INDEX \S+ \(id=\?\)/,
  ],
  [
    "the ids of a branch",
    (s) => s.branches.listIds(1, { messageId: "m", limit: 9 }),
    /parent USING INDEX \S+ \(id=\?\)/,
  ],
  [
    "the way down to the leaf that is shown",
    (s) => s.branches.findShownLeaf(1, "m"),
    /child USING COVERING INDEX messages_conversation \(conversation_id=\? AND parent_id=\?\)/,
  ],
  [
    "a fork by the client's key",
    (s) => s.branches.findFork("r", 1),
    /autoindex_forks_1 \(user_id=\? AND request_id=\?\)/,
  ],
  ["the answers that are being written", (s) => s.runs.listStreamingAnswerIds(1), /runs_answering/],
  [
    "the versions under some parents",
    (s) => s.messages.listChildIds(1, ["a", "b"]),
    /COVERING INDEX messages_conversation \(conversation_id=\? AND parent_id=\?\)/,
  ],
  [
    "the versions of the root, and under some parents",
    (s) => s.messages.listChildIds(1, [null, "a", "b"]),
    /COVERING INDEX messages_conversation \(conversation_id=\? AND parent_id=\?\)/,
  ],
  [
    "a run by the client's key",
    (s) => s.runs.findByRequestId("r", 1),
    /runs_request \(user_id=\? AND request_id=\?\)/,
  ],
  ["runs by their ids", (s) => s.runs.listByIds(["a", "b"]), /autoindex_runs_1 \(id=\?\)/],
  ["orphaned runs", (s) => s.runs.listOrphaned(["me"], { limit: 9 }), /runs_streaming/],
  [
    "who answers in a conversation",
    (s) => s.runs.findOwner(1),
    /COVERING INDEX runs_answering \(conversation_id=\?\)/,
  ],
  ["a journal", (s) => s.runs.listSegments("a"), /autoindex_run_segments_1 \(run_id=\?\)/],
  ["forgetting a journal", (s) => s.runs.deleteSegments("a"), /autoindex_run_segments_1 \(run_id=\?\)/],
  ["the holder of a session", (s) => s.sessions.findHolder("s"), /users USING INTEGER PRIMARY KEY/],
  ["a session with its user", (s) => s.sessions.findWithUser("s"), /users USING INTEGER PRIMARY KEY/],
  [
    "an address of a user",
    (s) => s.sessions.existsFrom(1, "a"),
    /sessions_user \(user_id=\? AND address=\?\)/,
  ],
  ["revoking a user's sessions", (s) => s.sessions.revokeAll(1, { now: 1 }), /sessions_user \(user_id=\?\)/],
  ["sessions that ended", (s) => s.sessions.deleteEnded(1), /sessions_expiry \(expires_at<\?\)/],
  ["a user by name", (s) => s.users.findByKey("k"), /autoindex_users_1 \(username_key=\?\)/],
];

const range = { conversationId: 1, first: "a", last: "b" };
const fileQueries: readonly HotQuery[] = [
  [
    "the files of messages",
    (s) => s.attachments.listOfMessages(range),
    /message_attachments_1 \(conversation_id=\? AND message_id>\? AND message_id<\?\)/,
  ],
  ["files by their ids", (s) => s.attachments.listOwn(1, ["a"]), /attachments_user \(user_id=\? AND id=\?\)/],
  [
    "a page of files",
    (s) => s.attachments.list(1, { before: "a", limit: 9 }),
    /attachments_user \(user_id=\? AND id<\?\)/,
  ],
  [
    "a file by its content",
    (s) => s.attachments.findByContent(1, { hash: "a", name: "b" }),
    /attachments_\d \(user_id=\? AND hash=\? AND name=\?\)/,
  ],
  ["what a user's files take", (s) => s.attachments.measure(1), /\(user_id=\?\)/],
  [
    "files that wait for a message",
    (s) => s.attachments.deleteWaiting(1, 9),
    /attachments_waiting \(waiting_since<\?\)/,
  ],
  ["a content by its file", (s) => s.attachments.findBlobByFile("a"), /attachment_blobs_2 \(file_key=\?\)/],
];

const keyQueries: readonly HotQuery[] = [
  ["a key by its secret", (s) => s.keys.findByHash("h", 1), /MULTI-INDEX OR/],
  ["a user's keys", (s) => s.keys.list(1, { limit: 9 }), /api_keys_user \(user_id=\?\)/],
  [
    "holding money of a budget",
    (s) =>
      s.budgets.reserve(
        {
          id: "res_1",
          keyId: "k",
          window: "day",
          start: 0,
          amountNanos: 1,
          owner: "o",
          createdAt: 1,
        },
        0,
      ),
    /autoindex_key_budgets_1 \(key_id=\? AND budget_window=\? AND window_start=\?\)/,
  ],
  [
    "beginning a budget's period",
    (s) => s.budgets.open({ keyId: "key_none", window: "day", start: 0 }).catch(() => undefined),
    /ledger_key \(key_id=\? AND at>\?\)/,
  ],
  [
    "what a user used",
    (s) => s.ledger.sum({ from: 0, to: 1, userId: 1 }),
    /ledger_user \(user_id=\? AND at>\? AND at<\?\)/,
  ],
  [
    "what was used, by model",
    (s) => s.ledger.sumBy("model", { from: 0, to: 1 }, { limit: 9 }),
    /ledger_time \(at>\? AND at<\?\)/,
  ],
];

const version = { id: "ver_1", documentId: "doc_1", hash: "h", fileKey: "f", bytes: 1, createdAt: 1 };
const knowledgeQueries: readonly HotQuery[] = [
  [
    "the bases of a user",
    (s) => s.bases.listReadable(1, { before: "a", limit: 9 }),
    /knowledge_bases_user \(user_id=\? AND id<\?\)/,
  ],
  ["which bases a user may read", (s) => s.bases.listMayRead(1, ["a"]), /knowledge_bases_1 \(id=\?\)/],
  ["bases that were removed", (s) => s.bases.listRemoved(9), /knowledge_bases_removed/],
  [
    "a page of documents",
    (s) => s.documents.list("a", { before: "b", limit: 9 }),
    /knowledge_documents_base \(base_id=\? AND id<\?\)/,
  ],
  [
    "a document by its name",
    (s) => s.documents.findByName("a", "b"),
    /knowledge_documents_name \(base_id=\? AND name=\?\)/,
  ],
  ["a new content", (s) => s.documents.insertVersion(version), /knowledge_documents_1 \(id=\?\)/],
  ["contents to be removed", (s) => s.documents.listLeftovers(9), /knowledge_versions_(replaced|given_up)/],
  ["removing passages", (s) => s.documents.deletePassages("a", 9), /knowledge_passages_1 \(version=\?\)/],
  [
    "passages of a base without a vector",
    (s) => s.passages.listWithoutVector(1, { baseId: "a" }, { after: { version: 1, position: 1 }, limit: 9 }),
    /knowledge_versions_base \(base_id=\? AND number>\?\)/,
  ],
  [
    "passages of a document",
    (s) => s.passages.listOfDocument("a", { after: 1, limit: 9 }),
    /knowledge_passages_1 \(version=\? AND position>\?\)/,
  ],
  ["removing vectors", (s) => s.bases.deleteVectors(1, 9), /knowledge_vectors_1 \(space_id=\?\)/],
];

describe("hot queries use an index", () => {
  it.each([...chatQueries, ...fileQueries, ...keyQueries, ...knowledgeQueries])(
    "%s",
    async (_, call, index) => {
      const plan = await explainCall(call);
      expect(plan.join("\n")).toMatch(index);
      expect(plan.filter(isSlow)).toEqual([]);
    },
  );

  it("adding to a journal", async () => {
    const segments = [0, 1].map((start) => ({ runId: "run_1", start, events: "[]" }));
    const plan = await explainCall((s) => s.journal(segments));
    expect(plan.join("\n")).toMatch(/SEARCH runs USING INDEX sqlite_autoindex_runs_1 \(id=\?\)/);
    expect(plan.filter(isSlow)).toEqual([]);
  });

  it("reads no page of conversations, and no orphaned runs, only to sort them", async () => {
    const plan = [
      ...(await explainCall((s) => s.conversations.list(1, { before: 9, limit: 50 }))),
      ...(await explainCall((s) => s.runs.listOrphaned(["me"], { limit: 9 }))),
      ...(await explainCall((s) => s.runs.listSegments("a"))),
      ...(await explainCall((s) =>
        s.conversations.listShelf(1, { isArchived: false, behind: undefined, limit: 50 }),
      )),
    ];
    expect(plan.filter((step) => step.includes("TEMP B-TREE"))).toEqual([]);
  });
});

it("has an index behind every foreign key, so that a delete reads no whole table", () => {
  const keys = connection
    .prepare<[], { table: string; column: string }>(
      `select schema.name as "table", key."from" as "column"
       from sqlite_schema as schema, pragma_foreign_key_list(schema.name) as key
       where schema.type = 'table'`,
    )
    .all();
  expect(keys).toContainEqual({ table: "messages", column: "parent_id" });
  expect(keys).toContainEqual({ table: "messages", column: "conversation_id" });
  for (const { table, column } of keys) {
    const plan = explain({ sql: `delete from "${table}" where "${column}" = ?`, parameters: [1] });
    expect(plan[0]).toMatch(new RegExp(`^SEARCH ${table} USING .*INDEX \\S+ \\(${column}=\\?\\)$`));
    expect(plan.filter(isSlow)).toEqual([]);
  }
});

it("keeps the index of running runs as small as the running runs are", async () => {
  const user = createUser();
  await storage.users.insert(user);
  await storage.conversations.insert(createConversation({ id: 1, userId: user.id }));
  await storage.runs.insert(createRun({ userId: user.id, conversationId: 1, state: "done" }));
  const running = createRun({ userId: user.id, conversationId: 1 });
  await storage.runs.insert(running);
  const indexed = connection
    .prepare<[], string>("select id from runs indexed by runs_streaming where state = 'streaming'")
    .pluck()
    .all();
  expect(indexed).toEqual([running.id]);
});
