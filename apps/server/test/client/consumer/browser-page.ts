import { createClient, type ChatStream, type SessionClient } from "@llm-backend/client";

/** What the test does on the page, as a user would by its buttons. */
export type Page = {
  login(credentials: { username: string; password: string }): Promise<void>;
  /** Asks something, and shows the answer as it comes. */
  send(message: string): Promise<void>;
  /** Shows the newest answer, and goes on where it stands: what a page does when it is loaded. */
  resume(): Promise<void>;
  /** Stops the newest answer. */
  stop(): Promise<void>;
};

declare global {
  // oxlint-disable-next-line typescript/consistent-type-definitions -- only interfaces merge
  interface Window {
    page: Page;
  }
}

const search = new URLSearchParams(location.search);
const transport = search.get("transport") === "websocket" ? "websocket" : "sse";
const client: SessionClient = createClient({
  url: search.get("backend") ?? "/",
  transport,
  session: { storage: localStorage },
});

function write(id: string, text: string): void {
  const element = document.querySelector(`#${id}`);
  if (element !== null) element.textContent = text;
}

async function show(stream: ChatStream): Promise<void> {
  write("answer", stream.text);
  try {
    for await (const event of stream) {
      write("answer", stream.text);
      write("state", event.type);
    }
  } catch (error) {
    write("state", String(error));
  }
}

async function findNewest() {
  const { conversations } = await client.conversation.list.query({ limit: 1 });
  const conversationId = conversations[0]?.conversationId ?? 0;
  const { messages } = await client.conversation.history.query({ conversationId });
  return messages.at(-1);
}

window.page = {
  login: (credentials) => client.session.login(credentials),
  async send(message) {
    const { conversationId } = await client.conversation.create.mutate({
      title: "Page",
      model: "fake-model",
    });
    void show(client.chat.stream({ conversationId, message }));
  },
  async resume() {
    const message = await findNewest();
    if (!message?.run) return;
    const { runId, lastEventId } = message.run;
    void show(client.chat.follow({ runId, lastEventId }, { text: message.content }));
  },
  async stop() {
    const message = await findNewest();
    if (message?.run) await client.chat.stop.mutate({ runId: message.run.runId });
  },
};
