import type { Repositories, Run } from "@llm-backend/storage";
import type { AnswerText, DeltaEvent } from "./run-log.ts";

/** What the answer has said that a run goes on with; nothing for a run that begins by itself. */
export async function readContinued(
  { messages }: Pick<Repositories, "messages">,
  run: Run,
): Promise<AnswerText> {
  const { continuedMessageId, conversationId } = run;
  const continued =
    continuedMessageId === null ? undefined : await messages.find(continuedMessageId, conversationId);
  return { content: continued?.content ?? "", reasoning: continued?.reasoning ?? "" };
}

/** The events that a run which goes on begins with. */
export function toDeltas({ content, reasoning }: AnswerText): DeltaEvent[] {
  const deltas: DeltaEvent[] = [
    { type: "reasoning-delta", text: reasoning },
    { type: "text-delta", text: content },
  ];
  return deltas.filter(({ text }) => text !== "");
}
