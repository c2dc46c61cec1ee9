import type { WireMessage, WirePart } from "@llm-backend/contract";
import type { ChatRequest } from "../ports.ts";

const note = "[An image stood here; this model takes none.]";

/** Tells whether a question has images. */
export function hasImages({ messages }: Pick<ChatRequest, "messages">): boolean {
  return messages.some(
    ({ content }) => typeof content !== "string" && content.some(({ type }) => type === "image_url"),
  );
}

/** The question to a candidate that takes no images: a note in the place of each, and nothing but texts. */
export function withoutImages(request: ChatRequest): ChatRequest {
  return { ...request, messages: request.messages.map(toText) };
}

function toText(message: WireMessage): WireMessage {
  if (typeof message.content === "string") return message;
  return { ...message, content: message.content.map(readText).join("\n\n") };
}

const readText = (part: WirePart): string => (part.type === "text" ? part.text : note);
