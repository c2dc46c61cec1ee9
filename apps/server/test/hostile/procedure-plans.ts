import { newUsername, password } from "../callers/rest-caller.ts";
import { smallDocument } from "../holdings/small-document.ts";
import type { Ids } from "./hostile-world.ts";

/** How one procedure is called rightly; everything hostile is made from that. */
export type ProcedurePlan = {
  readonly access: "public" | "user" | "admin";
  /** An input that the owner of the ids may send; undefined for procedures that take none. */
  readonly input?: (ids: Ids) => Readonly<Record<string, unknown>>;
  /** What the right call is answered with. @default 200, and 403 for what is for administrators: the caller is none */
  readonly status?: number;
  /** A call may end the caller's session, so that each one takes a token of its own. */
  readonly endsSession?: true;
};

const period = { from: "2026-06-01T00:00:00Z", to: "2026-07-01T00:00:00Z", owner: "me" };

let requests = 0;
const newRequestId = () => `hostile-${++requests}`;

/** A plan for every procedure: one without a plan fails the suite. */
export const procedurePlans: Readonly<Record<string, ProcedurePlan>> = {
  "auth.register": { access: "public", input: () => ({ username: newUsername(), password }) },
  "auth.login": { access: "public", input: () => ({ username: "nobody", password }), status: 401 },
  "auth.loginForDay": { access: "public", input: () => ({ username: "nobody", password }), status: 401 },
  "auth.refresh": { access: "public", input: () => ({ refreshToken: "rt_none" }), status: 401 },
  "auth.createFirstAdmin": {
    access: "public",
    input: () => ({ setupToken: "wrong", username: newUsername(), password }),
    status: 403,
  },
  "auth.logout": { access: "user", endsSession: true },
  "auth.logoutEverywhere": { access: "user", endsSession: true },
  "auth.me": { access: "user" },
  "auth.changePassword": {
    access: "user",
    input: () => ({ currentPassword: "not the password", newPassword: password }),
    status: 403,
  },
  "auth.deleteAccount": {
    access: "user",
    input: () => ({ password: "not the password" }),
    status: 403,
  },
  "conversation.create": { access: "user", input: () => ({ title: "T", model: "m" }) },
  "conversation.list": {
    access: "user",
    input: () => ({ cursor: -5, archived: "all", pinnedFirst: true, limit: 5 }),
  },
  "conversation.get": { access: "user", input: ({ conversationId }) => ({ conversationId }) },
  "conversation.history": {
    access: "user",
    input: ({ conversationId, messageId }) => ({ conversationId, cursor: messageId, limit: 10 }),
  },
  "conversation.selectVersion": {
    access: "user",
    input: ({ conversationId, answerId }) => ({ conversationId, messageId: answerId }),
  },
  "conversation.fork": {
    access: "user",
    input: ({ conversationId, answerId }) => ({
      conversationId,
      messageId: answerId,
      requestId: newRequestId(),
      title: "T",
    }),
  },
  "conversation.rename": { access: "user", input: ({ conversationId }) => ({ conversationId, title: "T" }) },
  "conversation.update": {
    access: "user",
    input: ({ conversationId, baseId }) => ({
      conversationId,
      title: "T",
      model: "m",
      apiKey: null,
      systemPrompt: "",
      pinned: true,
      archived: false,
      tools: ["server__tool"],
      knowledgeBaseIds: [baseId],
      topK: 3,
    }),
  },
  "tool.list": { access: "user" },
  "tool.listRemembered": { access: "user" },
  "tool.setPermission": { access: "user", input: () => ({ name: "server__tool", permission: "never" }) },
  "conversation.removeAll": { access: "user", endsSession: true },
  "conversation.search": {
    access: "user",
    input: ({ conversationId }) => ({
      query: "hi 東京",
      conversationId,
      role: "user",
      model: "m",
      from: period.from,
      to: period.to,
      archived: "all",
      cursor: "9:9:-1.5",
      limit: 5,
    }),
  },
  "conversation.export": {
    access: "user",
    input: ({ conversationId }) => ({ conversationId, format: "json" }),
  },
  "conversation.exportAll": { access: "user", input: () => ({ lastEventId: "1" }) },
  "conversation.import": { access: "user", input: () => ({ document: smallDocument }) },
  "conversation.remove": { access: "user", input: ({ conversationId }) => ({ conversationId }) },
  "chat.stream": {
    access: "user",
    input: ({ conversationId, answerId, attachmentId, baseId }) => ({
      conversationId,
      requestId: newRequestId(),
      message: "hi",
      parentId: answerId,
      attachmentIds: [attachmentId],
      knowledgeBaseIds: [baseId],
      topK: 2,
      onDisconnect: "continue",
      lastEventId: null,
    }),
  },
  "chat.temporary": {
    access: "user",
    input: () => ({
      requestId: newRequestId(),
      model: "m",
      systemPrompt: "",
      messages: [{ role: "user", content: "hi" }],
      lastEventId: null,
    }),
  },
  "chat.send": {
    access: "user",
    input: ({ conversationId, answerId, attachmentId, baseId }) => ({
      conversationId,
      requestId: newRequestId(),
      message: "hi",
      parentId: answerId,
      attachmentIds: [attachmentId],
      knowledgeBaseIds: [baseId],
      topK: 2,
      onDisconnect: { graceMs: 600_000 },
    }),
  },
  "chat.follow": { access: "user", input: ({ runId }) => ({ runId, lastEventId: `${runId}:1` }) },
  "chat.regenerate": {
    access: "user",
    input: ({ conversationId, answerId }) => ({
      conversationId,
      requestId: newRequestId(),
      messageId: answerId,
      model: "m",
      onDisconnect: "continue",
    }),
  },
  "chat.edit": {
    access: "user",
    input: ({ conversationId, messageId, attachmentId }) => ({
      conversationId,
      requestId: newRequestId(),
      messageId,
      message: "another",
      attachmentIds: [attachmentId],
      onDisconnect: "cancel",
    }),
  },
  "chat.continue": {
    access: "user",
    input: ({ conversationId, answerId }) => ({
      conversationId,
      requestId: newRequestId(),
      messageId: answerId,
      model: "m",
      onDisconnect: "continue",
    }),
    // The answer has an end of its own.
    status: 400,
  },
  "attachment.get": { access: "user", input: ({ attachmentId }) => ({ attachmentId }) },
  "attachment.list": {
    access: "user",
    input: () => ({ cursor: "att_01m8162cr78f5ff3q8t9eqs0ta", limit: 5 }),
  },
  "attachment.remove": { access: "user", input: ({ attachmentId }) => ({ attachmentId }) },
  "chat.get": { access: "user", input: ({ runId }) => ({ runId }) },
  "chat.allowTool": {
    access: "user",
    input: ({ runId }) => ({ runId, callId: "call00001", decision: "once" }),
    status: 409,
  },
  "chat.stop": { access: "user", input: ({ runId }) => ({ runId }) },
  "knowledge.createBase": {
    access: "user",
    input: () => ({ name: "B", embeddingModel: "builtin-hashed" }),
  },
  "knowledge.listBases": {
    access: "user",
    input: () => ({ cursor: "kb_01m8162cr78f5ff3q8t9eqs0ta", limit: 5 }),
  },
  "knowledge.getBase": { access: "user", input: ({ baseId }) => ({ baseId }) },
  "knowledge.updateBase": {
    access: "user",
    input: ({ baseId }) => ({ baseId, name: "B", embeddingModel: "builtin-hashed" }),
  },
  "knowledge.addReader": {
    access: "user",
    input: ({ baseId }) => ({ baseId, username: "nobody at all" }),
    status: 404,
  },
  "knowledge.removeReader": {
    access: "user",
    input: ({ baseId }) => ({ baseId, username: "nobody at all" }),
  },
  "knowledge.listReaders": { access: "user", input: ({ baseId }) => ({ baseId }) },
  "knowledge.documents.list": {
    access: "user",
    input: ({ baseId }) => ({ baseId, cursor: "doc_01m8162cr78f5ff3q8t9eqs0ta", limit: 5 }),
  },
  "knowledge.documents.get": {
    access: "user",
    input: ({ baseId, documentId }) => ({ baseId, documentId }),
  },
  "knowledge.documents.passages": {
    access: "user",
    input: ({ baseId, documentId }) => ({ baseId, documentId, cursor: 0, limit: 5 }),
  },
  // It is on its way, or ready.
  "knowledge.documents.retry": {
    access: "user",
    input: ({ baseId, documentId }) => ({ baseId, documentId }),
    status: 409,
  },
  "knowledge.search": {
    access: "user",
    input: ({ baseId }) => ({
      text: "apples 東京",
      baseIds: [baseId],
      documentIds: ["doc_01m8162cr78f5ff3q8t9eqs0ta"],
      limit: 5,
      mode: "hybrid",
    }),
  },
  "knowledge.jobs": { access: "user", input: ({ baseId }) => ({ baseId, until: "idle", lastEventId: "1" }) },
  "knowledge.models": { access: "user" },
  "knowledge.documents.cancel": {
    access: "user",
    input: ({ baseId, documentId }) => ({ baseId, documentId }),
  },
  "knowledge.documents.remove": {
    access: "user",
    input: ({ baseId, documentId }) => ({ baseId, documentId }),
  },
  "knowledge.removeBase": { access: "user", input: ({ baseId }) => ({ baseId }) },
  "model.list": { access: "user" },
  "key.create": {
    access: "user",
    input: () => ({
      name: "K",
      scopes: ["inference"],
      models: ["gpt-*"],
      expiresAt: null,
      requestsPerMinute: 60,
      tokensPerMinute: null,
      concurrentMax: 2,
      budget: { nanos: 5, window: "day" },
    }),
  },
  "key.list": { access: "user", input: () => ({ owner: "me", limit: 10 }) },
  "key.get": { access: "user", input: ({ keyId }) => ({ keyId }) },
  "key.update": {
    access: "user",
    input: ({ keyId }) => ({ keyId, name: "K", models: [], expiresAt: null, budget: null }),
  },
  "key.revoke": { access: "user", input: ({ keyId }) => ({ keyId }) },
  "key.rotate": { access: "user", input: ({ keyId }) => ({ keyId, graceSeconds: 60 }) },
  "usage.summary": { access: "user", input: () => ({ ...period, model: "m", upstream: "u" }) },
  "usage.listTools": { access: "user", input: () => period },
  "usage.list": { access: "user", input: () => ({ ...period, by: "model", limit: 10 }) },
  "admin.price.list": { access: "admin" },
  "admin.price.set": { access: "admin", input: () => ({ model: "m", prices: { input: 1, output: 2 } }) },
  "admin.price.remove": { access: "admin", input: () => ({ model: "m", upstream: "u" }) },
  "admin.record.list": {
    access: "admin",
    input: () => ({ limit: 10, statusClass: 2, isFailed: true, from: period.from, to: period.to }),
  },
  "admin.record.get": { access: "admin", input: () => ({ recordId: "req_01m8162cr78f5ff3q8t9eqs0ta" }) },
  "admin.record.tail": { access: "admin", input: () => ({ last: 5, lastEventId: "1" }) },
  "admin.upstream.list": { access: "admin" },
  "admin.upstream.add": {
    access: "admin",
    input: () => ({ name: "U", endpoint: "https://u.example/v1", keys: ["sk-1"], models: ["m"], tier: 1 }),
  },
  "admin.upstream.update": { access: "admin", input: () => ({ id: 1, keys: ["…abcd"], isEnabled: false }) },
  "admin.upstream.remove": { access: "admin", input: () => ({ id: 1 }) },
  "admin.upstream.test": { access: "admin", input: () => ({ id: 1, model: "m" }) },
  "admin.upstream.health": { access: "admin", input: () => ({ lastEventId: "1" }) },
};
