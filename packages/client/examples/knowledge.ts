import { createClient, LlmBackendError } from "@llm-backend/client";

// Usage: node knowledge.ts [url] [model]
const [url = "http://127.0.0.1:8080", model = "demo"] = process.argv.slice(2);
const client = createClient({ url });
const credentials = { username: "grace", password: "correct horse battery" };
const write = (line: string) => process.stdout.write(`${line}\n`);

try {
  await client.auth.register.mutate(credentials);
} catch (error) {
  // She has been here before.
  if (!LlmBackendError.is(error) || error.code !== "conflict") throw error;
}
await client.session.login(credentials);

// A base for documents. Without an embedding model it is searched by words and their parts.
const { baseId, embeddingModel } = await client.knowledge.createBase.mutate({ name: "Handbook" });
write(embeddingModel);

// In a browser this is the `File` of an input. Stored when this resolves, found when it is ready.
const text = "# Travel\n\nA hotel may cost up to 140 euros a night; in Zurich up to 210.\n";
const { documentId } = await client.documents.upload(text, { baseId, name: "handbook.md" });

// What is done in the background: all of it as it is now, then every change.
await new Promise<void>((resolve, reject) => {
  client.knowledge.jobs.subscribe({ baseId, until: "idle" }, { onComplete: resolve, onError: reject });
});
const { state, passageCount } = await client.knowledge.documents.get.query({ baseId, documentId });
write(`${state}: ${passageCount}`);

// Finding passages, with the places of the words.
const query = { text: "hotel in Zurich", baseIds: [baseId] };
const [best] = (await client.knowledge.search.query(query)).passages;
for (const { start, end } of best?.highlights ?? []) write(best?.content.slice(start, end) ?? "");

// Every question of this conversation is looked up, and its answer says in what.
const { conversationId } = await client.conversation.create.mutate({ model, knowledgeBaseIds: [baseId] });
const stream = client.chat.stream({ conversationId, message: "What may a hotel in Zurich cost?" });
for await (const event of stream) {
  if (event.type === "citations") {
    for (const { number, documentName } of event.citations) write(`[${number}] ${documentName}`);
  }
}
const { messages } = await client.conversation.history.query({ conversationId });
write(`${messages.at(-1)?.citations.length} kept`);

await client.conversation.remove.mutate({ conversationId });
await client.knowledge.removeBase.mutate({ baseId });
client.close();
