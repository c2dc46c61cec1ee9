import { createClient, LlmBackendError } from "@llm-backend/client";

// Usage: node tools.ts [url] [model]
const [url = "http://127.0.0.1:8080", model = "demo"] = process.argv.slice(2);
const client = createClient({ url });
const credentials = { username: "lovelace", password: "correct horse battery" };
const write = (line: string) => process.stdout.write(`${line}\n`);

try {
  await client.auth.register.mutate(credentials);
} catch (error) {
  // She has been here before.
  if (!LlmBackendError.is(error) || error.code !== "conflict") throw error;
}
await client.session.login(credentials);

// What the server's operator offers, and what holds for her.
for (const { name, permission } of await client.tool.list.query()) write(`${name}: ${permission}`);

// All of it, in this conversation. A list of names would choose.
const { conversationId } = await client.conversation.create.mutate({ title: "Tools", model, tools: "all" });
const stream = client.chat.stream({ conversationId, message: "What is in my files?" });

for await (const event of stream) {
  if (event.type === "text-delta") write(event.text);
  if (event.type === "tool-call") write(`${event.name}(${event.arguments})`);
  if (event.type === "tool-permission" && stream.runId !== undefined) {
    // An application asks here. "always" and "never" are remembered.
    const { callId } = event;
    await client.chat.allowTool.mutate({ runId: stream.runId, callId, decision: "once" });
  }
  if (event.type === "tool-result") write(event.ok ? event.text : `failed: ${event.text}`);
}

// The history has the calls beside the text.
const { messages } = await client.conversation.history.query({ conversationId });
for (const { name, state } of messages.at(-1)?.toolCalls ?? []) write(`${name}: ${state}`);
client.close();
