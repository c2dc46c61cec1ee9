import { readMessages } from "../stage/proof-user.ts";
import type { DrainTally } from "./drain-tally.ts";

/** Compares what every reader saw with what is stored in the end. */
export async function judgeHistory(
  tally: DrainTally,
  place: { readonly url: string; readonly token: string },
): Promise<void> {
  const { url, token } = place;
  const byConversation = Map.groupBy(tally.streams, ({ conversationId }) => conversationId);
  for (const [conversationId, streams] of byConversation) {
    const shown = await readMessages(url, { token, conversationId });
    for (const { message, text } of streams) {
      const questions = shown.filter(({ role, content }) => role === "user" && content === message);
      if (questions.length !== 1) tally.lostOrDoubled.push(`${message}: ${questions.length}`);
      const at = shown.findIndex(({ role, content }) => role === "user" && content === message);
      if (shown[at + 1]?.content !== text) tally.storedOtherwise.push(message);
    }
  }
}
