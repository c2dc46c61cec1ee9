import type { Conversation, Message } from "@llm-backend/storage";

/** Writes a branch for reading: oldest first, each message under who wrote it and when. */
export function toMarkdown(conversation: Conversation, branch: readonly Message[]): string {
  const { title, model } = conversation;
  const head = `# ${title === "" ? "Conversation" : title}\n\nModel: ${model}\n`;
  const messages = branch
    .filter(({ role, content }) => role === "user" || content !== "")
    .map((message) => `## ${toHeading(message)}\n\n${message.content.trimEnd()}\n`);
  return [head, ...messages].join("\n");
}

function toHeading({ role, model, createdAt }: Message): string {
  const who = role === "user" ? "User" : `Assistant${model === null ? "" : ` (${model})`}`;
  return `${who}, ${new Date(createdAt).toISOString()}`;
}
