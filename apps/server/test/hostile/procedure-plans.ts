import { newUsername, password } from "../callers/rest-caller.ts";
import type { Ids } from "./hostile-world.ts";

/** How one procedure is called rightly; everything hostile is made from that. */
export type ProcedurePlan = {
  readonly access: "public" | "user" | "admin";
  /** An input that the owner of the ids may send; undefined for procedures that take none. */
  readonly input?: (ids: Ids) => Readonly<Record<string, unknown>>;
  /** What the right call is answered with. @default 200 */
  readonly status?: number;
  /** A call may end the caller's session, so that each one takes a token of its own. */
  readonly endsSession?: true;
};

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
  "conversation.create": { access: "user", input: () => ({ title: "T", model: "m" }) },
  "conversation.list": { access: "user", input: () => ({}) },
  "conversation.get": { access: "user", input: ({ conversationId }) => ({ conversationId }) },
  "conversation.history": {
    access: "user",
    input: ({ conversationId, messageId }) => ({ conversationId, cursor: messageId, limit: 10 }),
  },
  "conversation.rename": { access: "user", input: ({ conversationId }) => ({ conversationId, title: "T" }) },
  "conversation.update": {
    access: "user",
    input: ({ conversationId }) => ({
      conversationId,
      title: "T",
      model: "m",
      apiKey: null,
      systemPrompt: "",
    }),
  },
  "conversation.remove": { access: "user", input: ({ conversationId }) => ({ conversationId }) },
  "chat.stream": {
    access: "user",
    input: ({ conversationId, answerId }) => ({
      conversationId,
      requestId: newRequestId(),
      message: "hi",
      parentId: answerId,
      lastEventId: null,
    }),
  },
  "chat.send": {
    access: "user",
    input: ({ conversationId, answerId }) => ({
      conversationId,
      requestId: newRequestId(),
      message: "hi",
      parentId: answerId,
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
    }),
  },
  "chat.edit": {
    access: "user",
    input: ({ conversationId, messageId }) => ({
      conversationId,
      requestId: newRequestId(),
      messageId,
      message: "another",
    }),
  },
  "chat.get": { access: "user", input: ({ runId }) => ({ runId }) },
  "chat.stop": { access: "user", input: ({ runId }) => ({ runId }) },
  "model.list": { access: "user" },
};
