import { readMessages } from "../stage/proof-user.ts";
import type { SignedUpstream } from "../stage/signed-upstream.ts";
import type { SendTally } from "./send-tally.ts";

/** Counts, at the end of all, the messages and the upstream calls of every key. */
export async function judgeKeys(
  tally: SendTally,
  given: { readonly url: string; readonly token: string; readonly upstream: SignedUpstream },
): Promise<void> {
  const { url, token, upstream } = given;
  const byConversation = Map.groupBy(tally.keys, ({ conversationId }) => conversationId);
  for (const [conversationId, keys] of byConversation) {
    const counts = new Map<string, number>();
    for (const { role, content } of await readMessages(url, { token, conversationId })) {
      if (role === "user") counts.set(content, (counts.get(content) ?? 0) + 1);
    }
    for (const { key, message } of keys) {
      const count = counts.get(message) ?? 0;
      if (count === 0) tally.missing.push(key);
      if (count > 1) tally.doubled.push(`${key}: ${count}`);
      counts.delete(message);
    }
    tally.strangers.push(...counts.keys());
  }
  for (const { key } of tally.keys) {
    const calls = upstream.asked.get(key) ?? 0;
    if (calls > 1) tally.billedTwice.push(`${key}: ${calls}`);
    if (calls === 0) tally.neverAsked++;
  }
}
