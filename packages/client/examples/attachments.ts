import { createClient, LlmBackendError } from "@llm-backend/client";

// Usage: node attachments.ts [url] [model]
const [url = "http://127.0.0.1:8080", model = "demo"] = process.argv.slice(2);
const client = createClient({ url });
const credentials = { username: "maria", password: "correct horse battery" };

try {
  await client.auth.register.mutate(credentials);
} catch (error) {
  // She has been here before.
  if (!LlmBackendError.is(error) || error.code !== "conflict") throw error;
}
await client.session.login(credentials);
const write = (line: string) => process.stdout.write(`${line}\n`);

// In a browser this is the `File` of an input, which brings its own name. The same file again is the same attachment.
const table = "city,people\n東京,14000000\n";
const { attachmentId, mediaType, bytes } = await client.attachments.upload(table, { name: "cities.csv" });
write(`${mediaType} ${bytes}`);

// The model is shown the file before the message.
const { conversationId } = await client.conversation.create.mutate({ model });
const stream = client.chat.stream({
  conversationId,
  message: "Which city is this?",
  attachmentIds: [attachmentId],
});
await stream.result;
const { messages } = await client.conversation.history.query({ conversationId });
write(messages.map(({ attachments }) => attachments.map(({ name }) => name).join() || "-").join(" "));

// A message may be nothing but its files.
await client.chat.stream({ conversationId, message: "", attachmentIds: [attachmentId] }).result;

// Back as it came.
write(String((await (await client.attachments.download(attachmentId)).text()) === table));

// What is neither an image nor a text is not taken.
try {
  await client.attachments.upload(new Uint8Array([0, 1, 2]), { name: "data.bin" });
} catch (error) {
  if (!LlmBackendError.is(error)) throw error;
  write(error.code);
}

// A conversation takes its files with it, unless they are in another one.
await client.conversation.remove.mutate({ conversationId });
const { attachments, bytesUsed } = await client.attachment.list.query({});
write(`${attachments.length} files, ${bytesUsed} bytes`);
client.close();
