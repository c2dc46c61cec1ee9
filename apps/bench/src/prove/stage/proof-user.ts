import { callForJson, callForResult, callProcedure, readResult } from "./call.ts";
import { runCommand } from "./run-command.ts";

/** A message as the history shows it. */
export type ShownMessage = {
  readonly messageId: string;
  readonly role: "user" | "assistant";
  readonly content: string;
  readonly run: { readonly runId: string; readonly requestId: string; readonly state: string } | null;
};

const password = "correct horse battery";

/** Registers a user and logs in; answers with a token that outlives the proof. */
export async function registerUser(url: string, username: string): Promise<string> {
  await callForJson("POST", `${url}/api/users/register`, { body: { username, password } });
  return logIn(url, username);
}

/** Makes an administrator of a server, and answers with a token. */
export async function registerAdmin(
  { url, folder }: { readonly url: string; readonly folder: string },
  username: string,
): Promise<string> {
  await callForJson("POST", `${url}/api/users/register`, { body: { username, password } });
  await runCommand(folder, ["user", "promote", username]);
  return logIn(url, username);
}

async function logIn(url: string, username: string): Promise<string> {
  const body = { username, password };
  const { token } = await callForJson<{ token: string }>("POST", `${url}/api/users/login`, { body });
  return token;
}

/** Makes a conversation and answers with its id. */
export async function createConversation(
  url: string,
  token: string,
  model = "signed-model",
): Promise<number> {
  const body = { title: "A proof", model };
  const made = await callForJson<{ conversation_id: number }>("POST", `${url}/api/conversations/create`, {
    token,
    body,
  });
  return made.conversation_id;
}

/** Makes several conversations at once. */
export function createConversations(url: string, token: string, count: number): Promise<number[]> {
  return Promise.all(Array.from({ length: count }, () => createConversation(url, token)));
}

/** Reads the whole branch that a conversation shows, page by page. */
export async function readMessages(
  url: string,
  given: { readonly token: string; readonly conversationId: number },
): Promise<ShownMessage[]> {
  const { token, conversationId } = given;
  const pages: ShownMessage[][] = [];
  for (let cursor: string | undefined; ;) {
    const input = { conversationId, limit: 200, ...(cursor === undefined ? {} : { cursor }) };
    const answered = await callProcedure("query", { url, token, path: "conversation.history", input });
    if (answered.status !== 200) throw new Error(`The history answered ${answered.status}: ${answered.text}`);
    const page = readResult(answered) as { messages: ShownMessage[]; nextCursor: string | null };
    pages.unshift(page.messages);
    if (page.nextCursor === null) return pages.flat();
    cursor = page.nextCursor;
  }
}

/** Makes a key of the user for `/v1`, and answers with its secret. */
export async function createKey(url: string, token: string): Promise<string> {
  const given = { url, token, path: "key.create", input: { name: "A proof" } };
  const { secret } = await callForResult<{ secret: string }>("mutation", given);
  return secret;
}
