import type { ToolCallView } from "@llm-backend/contract";
import type { Attachment, Message, Repositories } from "@llm-backend/storage";
import { readFiles } from "../attachment/message-files.ts";
import { readEarlierCalls } from "../tool/earlier-calls.ts";

/** A message with everything that belongs to it. */
export type WholeMessage = {
  readonly message: Message;
  readonly files: readonly Attachment[];
  /** The tools that were called for it. */
  readonly calls: readonly ToolCallView[];
};

/** Reads what belongs to some messages of one conversation; keeps their order. */
export async function readWhole(
  from: Pick<Repositories, "attachments" | "runs">,
  messages: readonly Message[],
): Promise<WholeMessage[]> {
  const files = await readFiles(from, messages);
  const calls = await readEarlierCalls(from, messages);
  return messages.map((message) => ({
    message,
    files: files.get(message.id) ?? [],
    calls: calls.get(message.id) ?? [],
  }));
}
