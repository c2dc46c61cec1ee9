import { createClient, LlmBackendError } from "@llm-backend/client";

// Usage: node first-answer.ts [url] [model]
const [url = "http://127.0.0.1:8080", model = "demo"] = process.argv.slice(2);
const client = createClient({ url });
const credentials = { username: "ada", password: "correct horse battery" };

try {
  await client.auth.register.mutate(credentials);
} catch (error) {
  // She has been here before.
  if (!LlmBackendError.is(error) || error.code !== "conflict") throw error;
}
await client.session.login(credentials);

const { conversationId } = await client.conversation.create.mutate({ title: "First steps", model });
const stream = client.chat.stream({ conversationId, message: "What is a stream, in one sentence?" });
for await (const event of stream) {
  if (event.type === "text-delta") process.stdout.write(event.text);
}
const { state } = await stream.result;
process.stdout.write(`\n(${state})\n`);
client.close();
