import type { Attachment, Conversation, Message } from "@llm-backend/storage";
import type { WholeMessage } from "./whole-message.ts";

/** Writes a branch for reading: oldest first, each message under who wrote it and when, with the names of its files. */
export function toMarkdown(conversation: Conversation, branch: readonly WholeMessage[]): string {
  const { title, model } = conversation;
  const head = `# ${title === "" ? "Conversation" : title}\n\nModel: ${model}\n`;
  const messages = branch.filter(saysAnything).map((whole) => `${toParagraphs(whole).join("\n\n")}\n`);
  return [head, ...messages].join("\n");
}

const saysAnything = ({ message, calls }: WholeMessage): boolean =>
  message.role === "user" || message.content !== "" || calls.length > 0;

function toParagraphs({ message, files, calls }: WholeMessage): string[] {
  const belongings = [
    ...files.map((file) => `- File: ${toFileTitle(file)}`),
    ...calls.map(({ name, state }) => `- Tool: ${name} (${state})`),
  ];
  return [`## ${toHeading(message)}`, belongings.join("\n"), message.content.trimEnd()].filter(
    (paragraph) => paragraph !== "",
  );
}

const toFileTitle = ({ name, mediaType, bytes }: Attachment): string =>
  `${name} (${mediaType}, ${bytes} bytes)`;

function toHeading({ role, model, createdAt }: Message): string {
  const who = role === "user" ? "User" : `Assistant${model === null ? "" : ` (${model})`}`;
  return `${who}, ${new Date(createdAt).toISOString()}`;
}
