import type { Storage } from "@llm-backend/storage";
import { readFiles } from "../attachment/message-files.ts";
import { readEarlierCalls } from "../tool/earlier-calls.ts";
import { findAnswered } from "./answered-message.ts";
import type { LiveRun } from "./live-run.ts";
import type { BranchMessage } from "./prompt.ts";

const pageSize = 64;

/** The branch that the run answers, newest first, read in pages; with the calls of tools for models that have some. */
export async function* readPromptBranch(
  storage: Storage,
  { run }: LiveRun,
  withCalls: boolean,
): AsyncGenerator<BranchMessage, void> {
  let next = run.userMessageId ?? (await findAnswered(storage, run))?.id ?? null;
  while (next !== null) {
    const page = await storage.messages.listBranch(run.conversationId, { messageId: next, limit: pageSize });
    const files = await readFiles(storage, page);
    const calls = withCalls ? await readEarlierCalls(storage, page) : undefined;
    for (const message of page)
      yield { ...message, files: files.get(message.id), calls: calls?.get(message.id) };
    next = page.at(-1)?.parentId ?? null;
  }
}
