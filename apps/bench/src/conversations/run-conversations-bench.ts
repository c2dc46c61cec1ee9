import { measureConversations } from "./measure-conversations.ts";

/** Compares the cost of each step on little data and on a hundred times as much. */
export async function runConversationsBench(
  options: { readonly quick: boolean; readonly rounds?: string | undefined },
  print: (text: string) => void,
): Promise<void> {
  const { quick } = options;
  const size = quick
    ? {
        small: { messages: 10, conversations: 10 },
        large: { messages: 200, conversations: 100 },
        stepsPerRound: 4,
      }
    : {
        small: { messages: 100, conversations: 1000 },
        large: { messages: 10_000, conversations: 100_000 },
        stepsPerRound: 100,
      };
  const rounds = Number(options.rounds ?? (quick ? 1 : 7));
  print(`\n${await measureConversations({ ...size, rounds })}\n`);
}
