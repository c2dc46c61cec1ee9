import { describe, expect, it } from "vitest";
import { z } from "zod";
import * as contract from "./index.ts";

const inputs = Object.entries(contract).flatMap(([name, value]) =>
  name.endsWith("Input") && value instanceof z.ZodType ? [[name, value] as const] : [],
);

const id = "0".repeat(26);
const message = { conversationId: 1, requestId: "r1", message: "Hello" };
const account = { username: "ada", password: "12345678" };

/** One valid value of every input. */
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
  historyInput: { conversationId: 1 },
  sendInput: message,
  streamInput: { ...message, lastEventId: null },
  followInput: { runId: `run_${id}`, lastEventId: `run_${id}:999999999999999` },
  runRefInput: { runId: `run_${id}` },
  regenerateInput: { conversationId: 1, requestId: "r1", messageId: `msg_${id}` },
  editInput: { ...message, messageId: `msg_${id}` },
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
    expect(contract.listConversationsInput.parse({})).toEqual({ limit: 50 });
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
