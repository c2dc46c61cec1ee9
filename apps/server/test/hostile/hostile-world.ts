import {
  createFakeUpstream,
  noRequests,
  startBackend,
  wildJson,
  type FakeUpstream,
  type TestBackend,
} from "@llm-backend/testing";
import { expect } from "vitest";
import { upload } from "../attachments/attachment-stage.ts";
import { createConversation, createRestCaller, newUsername, password } from "../callers/rest-caller.ts";
import { createTrpcCaller } from "../callers/trpc-caller.ts";
import { createBase, send as sendDocument } from "../knowledge/knowledge-stage.ts";

/** The ids of a conversation that has one answer. */
export type Ids = {
  readonly conversationId: number;
  readonly messageId: string;
  readonly answerId: string;
  readonly runId: string;
  /** A key of the same user's. */
  readonly keyId: string;
  /** A file of the same user's. */
  readonly attachmentId: string;
  /** A knowledge base of the same user's, and a document in it. */
  readonly baseId: string;
  readonly documentId: string;
};

/** Ids that are well-formed, and nobody's. */
export const absentIds: Ids = {
  conversationId: 244_315_769_308_415,
  messageId: "msg_01m8162cr78f5ff3q8t9eqs0ta",
  answerId: "msg_01m8162cr78f5ff3q8t9eqs0tb",
  runId: "run_01m8162cr78f5ff3q8t9eqs0ta",
  keyId: "key_01m8162cr78f5ff3q8t9eqs0ta",
  attachmentId: "att_01m8162cr78f5ff3q8t9eqs0ta",
  baseId: "kb_01m8162cr78f5ff3q8t9eqs0ta",
  documentId: "doc_01m8162cr78f5ff3q8t9eqs0ta",
};

/** Somebody with a token. */
export type Someone = { readonly username: string; readonly token: string };

/** A backend to be hostile to. */
export type HostileWorld = AsyncDisposable & {
  readonly backend: TestBackend;
  readonly upstream: FakeUpstream;
  /** Makes a user, and a token for them. @default "user" */
  addUser(role?: "user" | "admin"): Promise<Someone>;
  /** Another token of the same user. */
  addToken(username: string): Promise<string>;
  /** Makes a conversation with one answer. */
  addConversation(token: string): Promise<Ids>;
};

const generous = {
  per_account_and_address: 100_000,
  per_account: 100_000,
  per_address: 1_000_000,
  registrations_per_address: 1_000_000,
};

/** Starts a backend that counts no tries, so that every one of them can be made. */
export async function createHostileWorld(): Promise<HostileWorld> {
  await using cleanup = new AsyncDisposableStack();
  const upstream = cleanup.use(await createFakeUpstream());
  const backend = cleanup.use(
    await startBackend({
      upstreams: [upstream.url],
      config: {
        auth: { login_limits: generous },
        knowledge: { bases_per_user_max: 100_000, documents_per_user_max: 1_000_000 },
        limits: {
          body_bytes_max: 2_000_000,
          runs_per_user_max: 1000,
          waiting_runs_max: 1000,
          streams_per_user_max: 1000,
        },
      },
    }),
  );
  const { services } = backend.server.backend;
  const kept = cleanup.move();
  const addToken = async (username: string) => {
    const user = (await services.users.list()).find((row) => row.username === username);
    if (user === undefined) throw new Error(`There is no user ${username}.`);
    return services.sessions.openFixed(user, "192.0.2.1");
  };
  return {
    backend,
    upstream,
    addToken,
    async addUser(role = "user") {
      const username = newUsername();
      await services.users.create({ username, password, role });
      return { username, token: await addToken(username) };
    },
    addConversation: (token) => addIds(backend.url, token),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** Makes a conversation with one answer, and one of everything else that has an id. */
export async function addIds(url: string, token: string): Promise<Ids> {
  const conversationId = await createConversation(createRestCaller(url, token));
  const trpc = createTrpcCaller(url, token);
  const requestId = `world-${conversationId}`;
  const started = await trpc.mutate<{ userMessageId: string; assistantMessageId: string; runId: string }>(
    "chat.send",
    { conversationId, requestId, message: "hi" },
  );
  for await (const item of trpc.subscribe("chat.follow", { runId: started.runId }))
    if (item.kind === "return") break;
  return {
    conversationId,
    messageId: started.userMessageId,
    answerId: started.assistantMessageId,
    runId: started.runId,
    keyId: await addKey(trpc),
    attachmentId: (await upload(createRestCaller(url, token), `of ${conversationId}`)).attachment_id,
    ...(await addDocument(url, token)),
  };
}

/** Makes a base with a document that waits to be read, or is. */
async function addDocument(url: string, token: string): Promise<Pick<Ids, "baseId" | "documentId">> {
  const baseId = await createBase(createTrpcCaller(url, token));
  const sent = await sendDocument(createRestCaller(url, token), baseId, { name: "a.txt", content: "Apples" });
  return { baseId, documentId: sent.doc_id };
}

/** Makes a key, in the place of those before it: hostile calls make more of them than a user can have. */
async function addKey(trpc: ReturnType<typeof createTrpcCaller>): Promise<string> {
  const { keys } = await trpc.query<{ keys: { keyId: string }[] }>("key.list", { limit: 100 });
  for (const { keyId } of keys) await trpc.mutate("key.revoke", { keyId });
  const { key } = await trpc.mutate<{ key: { keyId: string } }>("key.create", { name: "K" });
  return key.keyId;
}

/** What no answer may ever hold: stacks, statements, places, libraries. */
const leaks =
  /\bat \S+ \(|\.ts:\d|node_modules|SQLITE|\b(select|insert|update|delete) .*\b(from|into|set)\b|\/(work|tmp|home|root)\//i;

/** Fails for an answer that says too much, and when a request has reached the prototype of everything. */
export function expectHarmless(text: string): void {
  expect(text).not.toMatch(leaks);
  expect(({} as Record<string, unknown>).polluted).toBeUndefined();
}

/** Values that a field does not expect, as the JSON that stands for them. */
export const hostileValues: readonly string[] = [...wildJson, '"x"'];

/** Bodies that are no request at all. */
export const hostileBodies: readonly (string | Buffer)[] = [
  ...noRequests,
  '{"__proto__":{"polluted":true},"json":{}}',
  '{"json":{"constructor":{"prototype":{"polluted":true}}}}',
  '{"json":{},"meta":{"values":{"constructor.prototype.polluted":["Date"]}}}',
  Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]),
  Buffer.concat([Buffer.from('{"json":{"title":"'), Buffer.from([0xc3, 0x28]), Buffer.from('"}}')]),
  ...[10, 100, 1000, 10_000].flatMap(nest),
];

/** Bodies that are nested so deep: whole ones, and one that is never closed. */
export function nest(depth: number): string[] {
  return [
    `{"json":${"[".repeat(depth)}${"]".repeat(depth)}}`,
    `{"json":${'{"a":'.repeat(depth)}1${"}".repeat(depth)}}`,
    "[".repeat(depth),
  ];
}

/** Works on all items, a few at a time. */
export async function inParallel<TItem>(
  items: readonly TItem[],
  work: (item: TItem) => Promise<unknown>,
): Promise<void> {
  const queue = [...items];
  const workers = Array.from({ length: 16 }, async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
  });
  await Promise.all(workers);
}

/** What the wire format can make of a text: names of its types, with a text that some of them take. */
export const wireTypes: readonly [type: string, json: string][] = [
  ['["Date"]', '"2026-01-01T00:00:00.000Z"'],
  ['["Date"]', '"never"'],
  ['["bigint"]', '"12"'],
  ['["bigint"]', '"x"'],
  ['["undefined"]', "null"],
  ['["number"]', '"NaN"'],
  ['["regexp"]', '"/(a+)+$/"'],
  ['["regexp"]', '"/("'],
  ['["URL"]', '"nowhere"'],
  ['["set"]', "[1,2]"],
  ['["set"]', "5"],
  ['["map"]', '[["a",1]]'],
  ['["map"]', "[5]"],
  ['["Error"]', '{"name":"E","message":"m"}'],
  ['["class","User"]', "{}"],
  ['["symbol","x"]', '"x"'],
  ['["custom","x"]', '"x"'],
  ['["typed-array","Uint8Array"]', "[1,2]"],
  ['["nonsense"]', "1"],
  ["5", "1"],
];
