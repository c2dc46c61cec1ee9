import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { RunEvent, ToolView } from "@llm-backend/contract";
import { answer, type Reply } from "@llm-backend/testing";
import { setChatStage, type ChatStage, type StageUser } from "../callers/chat-stage.ts";
import { createConversation } from "../callers/rest-caller.ts";
import { newRequestId, type MessageView, type Started } from "../chat/read-run.ts";
import { piecewiseToolCall, type WantedCall } from "../openai/tool-call-replies.ts";

/** What the operator gives to the program, and nobody else is to see. */
export const programSecret = "hush-hush-7f3a91";

/** The entry of the configuration that starts the program of the tests. */
export const program = (fields: Readonly<Record<string, unknown>> = {}) => ({
  command: process.execPath,
  args: [fileURLToPath(new URL("stdio-tool-server.ts", import.meta.url))],
  env: { TOOL_SECRET: programSecret },
  ...fields,
});

/** A conversation whose model may call tools, and a folder for what they leave behind. */
export type ToolStage = ChatStage & {
  readonly folder: string;
  /** Creates a conversation of a user, with tools. */
  openConversation(user: StageUser, tools?: "all" | readonly string[] | null): Promise<number>;
};

/** Sets up a backend with tools. */
export async function setToolStage(
  tools: Readonly<Record<string, unknown>>,
  { upstreams, gateway }: { upstreams?: readonly string[]; gateway?: object } = {},
): Promise<ToolStage> {
  const folder = await mkdtemp(join(tmpdir(), "tools-"));
  const limits = { runs_per_user_max: 100, streams_per_user_max: 100 };
  const config = { tools, limits, ...(gateway === undefined ? {} : { gateway }) };
  const stage = await setChatStage({
    backend: { config, ...(upstreams === undefined ? {} : { upstreams }) },
  });
  return {
    ...stage,
    folder,
    async openConversation(user, setting = "all") {
      const conversationId = await createConversation(user.rest);
      await user.trpc.mutate("conversation.update", { conversationId, tools: setting });
      return conversationId;
    },
    async [Symbol.asyncDispose]() {
      await stage[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A reply that calls these tools, in pieces. */
export const calling = (...calls: readonly (readonly [name: string, input: unknown])[]): Reply =>
  piecewiseToolCall(calls.map(([name, input]): WantedCall => ({ name, arguments: JSON.stringify(input) })));

/** The reply that ends the answer. */
export const done = answer(["All ", "done."]);

/** Starts an answer. */
export const ask = (user: StageUser, conversationId: number): Promise<Started> =>
  user.trpc.mutate<Started>("chat.send", { conversationId, requestId: newRequestId(), message: "Go!" });

/** Follows an answer, and does something about each of its events. */
export async function follow(
  user: StageUser,
  runId: string,
  onEvent: (event: RunEvent) => unknown = () => {},
): Promise<RunEvent[]> {
  const events: RunEvent[] = [];
  for await (const item of user.trpc.subscribe("chat.follow", { runId })) {
    if (item.kind === "error") throw new Error(JSON.stringify(item.error));
    if (item.kind === "return") break;
    events.push(item.event);
    await onEvent(item.event);
  }
  return events;
}

/** The events of one type. */
export const ofType = <TType extends RunEvent["type"]>(
  events: readonly RunEvent[],
  type: TType,
): Extract<RunEvent, { type: TType }>[] =>
  events.filter((event): event is Extract<RunEvent, { type: TType }> => event.type === type);

/** Says something to a call that waits. */
export const say = (user: StageUser, runId: string, word: { callId: string; decision: string }) =>
  user.trpc.tryMutate("chat.allowTool", { runId, ...word });

/** The tools that a user is shown. */
export const listTools = (user: StageUser): Promise<ToolView[]> => user.trpc.query("tool.list");

/** The newest answer, with the calls that were made for it. */
export async function readAnswer(user: StageUser, conversationId: number) {
  type Shown = MessageView & { readonly toolCalls: readonly Readonly<Record<string, unknown>>[] };
  const page = await user.trpc.query<{ messages: Shown[] }>("conversation.history", {
    conversationId,
    limit: 1,
  });
  return page.messages[0] as Shown;
}

type Prompt = {
  readonly messages: readonly {
    readonly role: string;
    readonly content: string;
    readonly tool_calls?: readonly unknown[];
    readonly tool_call_id?: string;
  }[];
  readonly tools?: readonly { readonly function: { readonly name: string } }[];
};

/** What the upstream was asked, call by call. */
export const prompts = (stage: ChatStage): Prompt[] => stage.upstream.calls.map(({ body }) => body as Prompt);
