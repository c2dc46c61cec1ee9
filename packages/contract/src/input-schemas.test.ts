import { describe, expect, it } from "vitest";
import { z } from "zod";
import * as contract from "./index.ts";

const inputs = Object.entries(contract).flatMap(([name, value]) =>
  name.endsWith("Input") && value instanceof z.ZodType ? [[name, value] as const] : [],
);

const id = "0".repeat(26);
const message = { conversationId: 1, requestId: "r1", message: "Hello" };
const account = { username: "ada", password: "12345678" };
const period = { from: new Date(0), to: "2026-06-01T00:00:00+02:00" };

/** One valid value of every input. */
const document: contract.ExportedConversation = {
  format: "llm-backend-conversation",
  version: 1,
  title: "t",
  titleSource: "user",
  model: "m",
  systemPrompt: null,
  pinned: false,
  archived: false,
  headMessageId: null,
  createdAt: "2026-06-01T00:00:00.000Z",
  updatedAt: "2026-06-01T00:00:00.000Z",
  messages: [],
};
const valid: Record<string, Record<string, unknown>> = {
  registerInput: account,
  loginInput: account,
  refreshInput: { refreshToken: "t" },
  changePasswordInput: { currentPassword: "x", newPassword: "12345678" },
  createFirstAdminInput: { ...account, setupToken: "t" },
  createConversationInput: { title: "t", model: "m" },
  updateConversationInput: { conversationId: 1, apiKey: null },
  renameConversationInput: { conversationId: 1, title: "t" },
  conversationRefInput: { conversationId: 1 },
  listConversationsInput: {},
  searchConversationsInput: { query: "kettle" },
  exportConversationInput: { conversationId: 1 },
  exportAllInput: { lastEventId: null },
  importConversationInput: { document },
  attachmentRefInput: { attachmentId: `att_${id}` },
  listAttachmentsInput: {},
  deleteAccountInput: { password: "p" },
  historyInput: { conversationId: 1 },
  sendInput: { ...message, knowledgeBaseIds: [`kb_${id}`], topK: 50 },
  streamInput: { ...message, lastEventId: null },
  followInput: { runId: `run_${id}`, lastEventId: `run_${id}:999999999999999` },
  runRefInput: { runId: `run_${id}` },
  regenerateInput: { conversationId: 1, requestId: "r1", messageId: `msg_${id}` },
  editInput: { ...message, messageId: `msg_${id}` },
  continueInput: { conversationId: 1, requestId: "r1", messageId: `msg_${id}` },
  forkConversationInput: { conversationId: 1, messageId: `msg_${id}` },
  selectVersionInput: { conversationId: 1, messageId: `msg_${id}` },
  temporaryInput: { requestId: "r1", model: "m", messages: [{ role: "user", content: "Hello" }] },
  allowToolInput: { runId: `run_${id}`, callId: "call00001", decision: "always" },
  setToolPermissionInput: { name: "box__echo", permission: "ask" },
  createBaseInput: { name: "b" },
  updateBaseInput: { baseId: `kb_${id}`, embeddingModel: "m" },
  baseRefInput: { baseId: `kb_${id}` },
  listBasesInput: { cursor: `kb_${id}` },
  readerInput: { baseId: `kb_${id}`, username: "ada" },
  documentRefInput: { baseId: `kb_${id}`, documentId: `doc_${id}` },
  listDocumentsInput: { baseId: `kb_${id}` },
  listPassagesInput: { baseId: `kb_${id}`, documentId: `doc_${id}`, cursor: 0 },
  searchKnowledgeInput: { text: "kettle", baseIds: [`kb_${id}`], mode: "vector" },
  followJobsInput: { baseId: `kb_${id}`, until: "idle", lastEventId: "17" },
  createKeyInput: { name: "k" },
  updateKeyInput: { keyId: `key_${id}`, expiresAt: null },
  keyRefInput: { keyId: `key_${id}` },
  rotateKeyInput: { keyId: `key_${id}` },
  listKeysInput: {},
  usageSummaryInput: period,
  toolUsageInput: period,
  listUsageInput: { ...period, by: "day" },
  priceRefInput: { model: "m" },
  listRecordsInput: {
    cursor: `req_${id}`,
    keyId: `key_${id}`,
    statusClass: 5,
    isFailed: true,
    from: new Date(0),
  },
  recordRefInput: { recordId: `req_${id}` },
  tailRecordsInput: { last: 20, lastEventId: "17" },
  addUpstreamInput: {
    name: "u",
    endpoint: "https://u.example/v1",
    keys: ["sk-1"],
    aliases: { fast: "m" },
    clocks: { firstByteMs: 5000 },
    concurrencyMax: null,
  },
  updateUpstreamInput: {
    id: 1,
    endpoint: "https://u.example",
    keys: ["…abcd", "sk-2"],
    tokens: [],
    isEnabled: false,
  },
  upstreamRefInput: { id: 1 },
  testUpstreamInput: { id: 1, model: "m" },
  followHealthInput: { lastEventId: "17" },
};

it("has an example of every input", () => {
  expect(Object.keys(valid).toSorted()).toEqual(inputs.map(([name]) => name).toSorted());
});

describe.each(inputs)("%s", (name, schema) => {
  it("takes its example", () => {
    expect(schema.safeParse(valid[name]).success).toBe(true);
  });

  it("refuses keys that it does not know", () => {
    for (const key of ["role", "userId", "user_id", "isAdmin", "id", "constructor"]) {
      expect(schema.safeParse({ ...valid[name], [key]: "admin" }).success).toBe(false);
    }
  });

  it("refuses a key that would reach the prototype", () => {
    const hostile: unknown = JSON.parse(
      `{"__proto__":{"polluted":true},${JSON.stringify(valid[name]).slice(1)}`.replace(",}", "}"),
    );
    expect(schema.safeParse(hostile).success).toBe(false);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it("refuses whatever is no object", () => {
    for (const value of [undefined, null, "", 1, [], "{}"])
      expect(schema.safeParse(value).success).toBe(false);
  });
});

describe("limits of pages", () => {
  it.each([0, -1, 101, 1.5, 1e9, "50"])("does not list %j conversations at once", (limit) => {
    expect(contract.listConversationsInput.safeParse({ limit }).success).toBe(false);
  });

  it("has a default for each of them", () => {
    expect(contract.listConversationsInput.parse({})).toEqual({
      archived: false,
      pinnedFirst: true,
      limit: 50,
    });
    expect(contract.historyInput.parse({ conversationId: 1 })).toEqual({ conversationId: 1, limit: 100 });
  });
});

describe("providers' keys", () => {
  it.each(["sk-abc", "a".repeat(4096)])("may be %j", (key) => {
    expect(contract.providerKeySchema.safeParse(key).success).toBe(true);
  });

  it.each(["", "a b", "a\r\nx-header: 1", "ä", "a".repeat(4097)])("may not be %j", (key) => {
    expect(contract.providerKeySchema.safeParse(key).success).toBe(false);
  });
});

describe("keys", () => {
  const name = "k";

  it("are for asking models, without limits and for good, unless something else is said", () => {
    expect(contract.createKeyInput.parse({ name })).toEqual({
      name,
      scopes: ["inference"],
      models: [],
      expiresAt: null,
      requestsPerMinute: null,
      tokensPerMinute: null,
      concurrentMax: null,
      budget: null,
    });
  });

  it.each([
    { scopes: [] },
    { scopes: ["inference", "inference"] },
    { scopes: ["root"] },
    { requestsPerMinute: 0 },
    { tokensPerMinute: -1 },
    { concurrentMax: 1.5 },
    { budget: { nanos: -1, window: "day" } },
    { budget: { nanos: 0.5, window: "day" } },
    { budget: { nanos: 2 ** 53, window: "day" } },
    { budget: { nanos: 1, window: "year" } },
    { expiresAt: "tomorrow" },
    { expiresAt: new Date(Number.NaN) },
  ])("are not made with %j", (wrong) => {
    expect(contract.createKeyInput.safeParse({ name, ...wrong }).success).toBe(false);
  });
});

describe("usage", () => {
  it("is of a time that begins before it ends, in dates or in text with a time zone", () => {
    const [early, late] = ["2026-06-01T00:00:00Z", "2026-06-02T00:00:00+02:00"];
    const isValid = (from: unknown, to: unknown) =>
      contract.usageSummaryInput.safeParse({ from, to }).success;
    expect(contract.usageSummaryInput.parse({ from: early, to: late }).to).toEqual(new Date(late));
    expect([isValid(new Date(early), late), isValid(late, early), isValid(early, early)]).toEqual([
      true,
      false,
      false,
    ]);
    for (const wrong of ["2026-06-02", "2026-06-02T00:00:00", 0, null])
      expect(isValid(early, wrong)).toBe(false);
  });
});
