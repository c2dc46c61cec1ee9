import type { BackendProcess } from "@llm-backend/testing";
import { callForResult } from "../stage/call.ts";
import {
  createConversation,
  createKey,
  readMessages,
  registerAdmin,
  registerUser,
} from "../stage/proof-user.ts";
import type { Attacker } from "./make-requests.ts";

/** Ids that are well-formed, and nobody's. */
const absent = {
  conversationId: 244_315_769_308_415,
  messageId: "msg_01m8162cr78f5ff3q8t9eqs0ta",
  runId: "run_01m8162cr78f5ff3q8t9eqs0ta",
  keyId: "key_01m8162cr78f5ff3q8t9eqs0ta",
};

/** Makes an administrator, a user with a conversation, and one who is there to be logged out. */
export async function createAttacker(server: BackendProcess, random: () => number): Promise<Attacker> {
  const { url } = server;
  const admin = await registerAdmin(server, "hostile-admin");
  const token = await registerUser(url, "hostile-user");
  const spareToken = await registerUser(url, "hostile-leaver");
  const conversationId = await createConversation(url, token, "m");
  const { runId } = await callForResult<{ runId: string }>("mutation", {
    url,
    token,
    path: "chat.send",
    input: { conversationId, requestId: "hostile", message: "Hi" },
  });
  const messages = (await readMessages(url, { token, conversationId })).map(({ messageId }) => messageId);
  const toKnown = (...values: readonly unknown[]) => values.map((value) => JSON.stringify(value));
  const conversations = toKnown(conversationId, conversationId, absent.conversationId);
  const ids = toKnown(...messages, absent.messageId);
  return {
    url,
    random,
    tokens: [token, admin],
    spareToken,
    key: await createKey(url, token),
    known: {
      conversationId: conversations,
      conversation_id: conversations,
      messageId: ids,
      message_id: ids,
      parentId: ids,
      runId: toKnown(runId, absent.runId),
      keyId: toKnown(absent.keyId),
      model: toKnown("m"),
      username: toKnown("hostile-user", "nobody"),
    },
  };
}
