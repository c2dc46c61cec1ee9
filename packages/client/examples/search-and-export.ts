import { createClient, type RouterInputs, type RouterOutputs } from "@llm-backend/client";

type Hit = RouterOutputs["conversation"]["search"]["hits"][number];
type Document = RouterInputs["conversation"]["import"]["document"];

// Usage: node search-and-export.ts [url] [model]
const [url = "http://127.0.0.1:8080", model = "demo"] = process.argv.slice(2);
const client = createClient({ url });
const credentials = { username: "hypatia", password: "correct horse battery" };
const write = (...parts: readonly unknown[]) => process.stdout.write(`${parts.join(" ")}\n`);

await client.auth.register.mutate(credentials);
await client.session.login(credentials);

// A conversation without a title is called by its first words, until a model or its user gives it a better one.
const { conversationId } = await client.conversation.create.mutate({ model });
await client.chat.stream({ conversationId, message: "Where is 東京?" }).result;
const { title, titleSource } = await client.conversation.get.query({ conversationId });
write(titleSource, title);

// Hits come with the places of the words in them, not with HTML.
const toMarked = ({ snippet: { text, marks } }: Hit) => marks.map(({ start, end }) => text.slice(start, end));
const { hits } = await client.conversation.search.query({ query: "東京", role: "user" });
write("found", hits.flatMap(toMarked));

await client.conversation.update.mutate({ conversationId, pinned: true, archived: true });
const inUse = await client.conversation.list.query({});
const putAway = await client.conversation.list.query({ archived: true });
write("listed", inUse.conversations.length, putAway.conversations.length);

// Files and calls of tools are in it. The same document again makes no other conversation.
const exported = await client.conversation.export.query({ conversationId });
if (exported.format !== "json") throw new Error("Markdown cannot be imported.");
const document: Document = { ...exported.document, title: "A copy", archived: false };
const first = await client.conversation.import.mutate({ document });
const second = await client.conversation.import.mutate({ document });
write("new", first.isNew, second.isNew);

// Everything at once, one document after the other.
const subscription = client.conversation.exportAll.subscribe({});
for await (const { data } of subscription) write("document", data.title, data.messages.length);

// Nothing of this is stored: the chat is kept here, and sent with every question.
const temporary = client.chat.temporary({
  model,
  messages: [{ role: "user", content: "Between us: hello." }],
});
write("temporary", (await temporary.result).state);

const { removed } = await client.conversation.removeAll.mutate();
write("removed", removed);
await client.auth.deleteAccount.mutate({ password: credentials.password });
client.close();
