import type { ExportedConversation } from "@llm-backend/contract";

/** A conversation of one message, as a document. */
export const smallDocument: ExportedConversation = {
  format: "llm-backend-conversation",
  version: 1,
  title: "T",
  titleSource: "user",
  model: "m",
  systemPrompt: null,
  pinned: false,
  archived: true,
  headMessageId: "a",
  createdAt: "2026-01-01T00:00:00.000Z",
  updatedAt: "2026-01-01T00:00:00.000Z",
  messages: [
    {
      id: "a",
      parentId: null,
      role: "user",
      content: "hi",
      reasoning: null,
      model: null,
      finishReason: null,
      usage: null,
      createdAt: "2026-01-01T00:00:00.000Z",
    },
  ],
};
