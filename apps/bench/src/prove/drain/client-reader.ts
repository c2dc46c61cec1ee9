import { createClient } from "@llm-backend/client";
import { WebSocket } from "ws";
import type { Reader } from "./reader.ts";

/** Readers with the typed client, as an application has it: what reconnects is the client. */
export function createClientReader(given: {
  readonly url: string;
  readonly token: string;
  readonly transport: "sse" | "websocket";
}): Reader & Disposable {
  const client = createClient({ ...given, WebSocket });
  return {
    name: `client over ${given.transport}`,
    async ask({ conversationId, requestId, message, onOpen }) {
      let reconnects = 0;
      let endings = 0;
      let isOpen = false;
      const onRetry = () => void reconnects++;
      const stream = client.chat.stream({ conversationId, requestId, message }, { onRetry });
      for await (const event of stream) {
        if (!isOpen && event.type === "text-delta") {
          isOpen = true;
          onOpen();
        }
        if (/^run-(done|interrupt|stop|error)$/.test(event.type)) endings++;
      }
      const { state, text } = await stream.result;
      return { text, end: state, endings, reconnects };
    },
    [Symbol.dispose]: () => client.close(),
  };
}
