import { createClient, LlmBackendError } from "@llm-backend/client";

// Usage: node branches.ts [url] [model]
const [url = "http://127.0.0.1:8080", model = "demo"] = process.argv.slice(2);
const client = createClient({ url });
const credentials = { username: "grace", password: "correct horse battery" };

try {
  await client.auth.register.mutate(credentials);
} catch (error) {
  // She has been here before.
  if (!LlmBackendError.is(error) || error.code !== "conflict") throw error;
}
await client.session.login(credentials);

const { conversationId } = await client.conversation.create.mutate({ title: "Two ways", model });
const write = (line: string) => process.stdout.write(`${line}\n`);
const readBranch = async () => (await client.conversation.history.query({ conversationId })).messages;

// An answer that is stopped when its reader has been gone for a minute: nobody pays for what nobody reads.
const first = client.chat.stream({
  conversationId,
  message: "A word?",
  onDisconnect: { graceMs: 60_000 },
});
await first.result;
const [question, answer] = await readBranch();
if (question === undefined || answer === undefined) throw new Error("There is no answer.");

// Another answer beside it. The pager shows «2 of 2», and its arrows choose a version.
await client.chat.regenerate({ conversationId, messageId: answer.messageId }).result;
const shown = (await readBranch()).at(-1);
write(`${(shown?.siblingIds.indexOf(shown.messageId) ?? 0) + 1} of ${shown?.siblingIds.length}`);
await client.conversation.selectVersion.mutate({ conversationId, messageId: answer.messageId });
write(`1 of 2: ${(await readBranch()).at(-1)?.messageId === answer.messageId}`);

// The question in other words, beside the first one.
await client.chat.edit({ conversationId, messageId: question.messageId, message: "Two words?" }).result;
write((await readBranch()).map(({ role }) => role).join(", "));

// What ends by itself is not to be continued; what broke off is.
try {
  await client.chat.continue({ conversationId, messageId: answer.messageId }).result;
} catch (error) {
  if (!LlmBackendError.is(error)) throw error;
  write(error.message);
}

// A conversation of its own, from here on. The same request id again would find it, not make another.
const fork = await client.conversation.fork.mutate({
  conversationId,
  messageId: answer.messageId,
  requestId: `fork-${conversationId}`,
});
write(fork.title);
client.close();
