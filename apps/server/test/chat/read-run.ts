import type { RunEvent } from "@llm-backend/contract";
import type { StreamItem, TrpcCaller } from "../callers/trpc-caller.ts";

/** What a start answers with. */
export type Started = {
  readonly runId: string;
  readonly conversationId: number;
  readonly userMessageId: string | null;
  readonly assistantMessageId: string;
  readonly state: string;
};

/** An event with its id. */
export type Told = { readonly id: string; readonly event: RunEvent };

/** A message as the typed face shows it. */
export type MessageView = {
  readonly messageId: string;
  readonly parentId: string | null;
  readonly role: "user" | "assistant";
  readonly content: string;
  readonly reasoning: string | null;
  readonly model: string | null;
  readonly finishReason: string | null;
  readonly usage: Readonly<Record<string, number>> | null;
  readonly run: {
    readonly runId: string;
    readonly requestId: string;
    readonly state: string;
    readonly lastEventId: string | null;
  } | null;
  readonly siblingIds: readonly string[];
};

let requests = 0;

/** A request id that no other test uses. */
export const newRequestId = () => `request-${process.pid}-${++requests}`;

/** Reads a stream to its end; fails when it does not end in good order. */
export async function readToEnd(items: AsyncIterable<StreamItem>): Promise<Told[]> {
  const events: Told[] = [];
  for await (const item of items) {
    if (item.kind === "error") throw new Error(`The stream failed: ${JSON.stringify(item.error)}`);
    if (item.kind === "return") return events;
    events.push(item);
  }
  throw new Error("The stream broke off.");
}

/** Follows a run from its beginning, or from behind an event. */
export const followRun = (trpc: TrpcCaller, runId: string, lastEventId?: string): Promise<Told[]> =>
  readToEnd(trpc.subscribe("chat.follow", { runId }, lastEventId === undefined ? {} : { lastEventId }));

/** The text that events add up to, as a client joins it. */
export function toText(
  events: readonly Told[],
  type: "text-delta" | "reasoning-delta" = "text-delta",
): string {
  let text = "";
  for (const { event } of events) {
    if (event.type === type) text += event.text;
    else if (event.type === "answer-reset") text = "";
  }
  return text;
}

/** Events with neighbouring deltas joined: how text is cut into events is not a follower's business. */
export function toJoined(events: readonly Told[]): unknown[] {
  const joined: RunEvent[] = [];
  for (const { event } of events) {
    const last = joined.at(-1);
    if ("text" in event && last !== undefined && "text" in last && last.type === event.type) {
      joined[joined.length - 1] = { ...last, text: last.text + event.text };
    } else {
      joined.push(event);
    }
  }
  return joined;
}

/** The branch that a conversation shows. */
export async function readMessages(
  trpc: TrpcCaller,
  conversationId: number,
): Promise<readonly MessageView[]> {
  const page = await trpc.query<{ messages: MessageView[] }>("conversation.history", {
    conversationId,
    limit: 200,
  });
  return page.messages;
}

/** The position that an event's id names. */
export const toPosition = (id: string): number => Number(id.split(":")[1]);
