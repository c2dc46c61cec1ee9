import type { People } from "../auth/create-people.ts";
import type { Chats } from "../chat/create-chats.ts";
import type { Accounts } from "../key/create-accounts.ts";
import type { LiveUpstreams } from "../upstream/live-upstreams.ts";
import { createSignalFollower } from "./follow-signals.ts";

/** What is done here about what the other processes tell. */
export function followOthers(given: {
  people: People;
  chats: Chats;
  accounts: Accounts;
  upstreams: LiveUpstreams;
  onError: (error: unknown) => void;
}) {
  const { people, chats, accounts, upstreams, onError } = given;
  return createSignalFollower({
    endStreams: people.endStreams,
    endConversation: chats.discardRuns,
    endUser: chats.discardRunsOf,
    reloadUpstreams: upstreams.poll,
    forgetKeys: accounts.forgetKeys,
    reloadPrices: accounts.reloadPrices,
    onError,
  });
}
