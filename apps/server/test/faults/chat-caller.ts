import { isTerminalEvent, type RunEvent } from "@llm-backend/contract";
import { createConversation, registerUser, type RestCaller } from "../callers/rest-caller.ts";
import { createTrpcCaller } from "../callers/trpc-caller.ts";
import {
  followRun,
  newRequestId,
  readMessages,
  toText,
  type MessageView,
  type Started,
} from "../chat/read-run.ts";

/** What a user saw of an answer in a conversation, and what is stored of it. */
export type ChatHeard = {
  readonly text: string;
  readonly endings: readonly RunEvent[];
  readonly types: ReadonlySet<RunEvent["type"]>;
  readonly stored: string;
  readonly state: string | undefined;
  readonly usage: MessageView["usage"];
  /** Everything that was shown, as text. */
  readonly shown: string;
};

const users = new WeakMap<object, Promise<RestCaller>>();

/** The one user that these tests have at a backend: to make one costs more than most of them. */
function findUser(backend: { readonly url: string }): Promise<RestCaller> {
  const user = users.get(backend) ?? registerUser(backend.url);
  users.set(backend, user);
  return user;
}

/** Asks in a new conversation, and follows the answer to its end. */
export async function askChat(backend: { readonly url: string }, model = "fake-model"): Promise<ChatHeard> {
  const rest = await findUser(backend);
  const trpc = createTrpcCaller(backend.url, rest.token);
  const conversationId = await createConversation(rest, { model });
  const asked = { conversationId, requestId: newRequestId(), message: "Hi" };
  const { runId } = await trpc.mutate<Started>("chat.send", asked);
  const events = await followRun(trpc, runId);
  const answer = (await readMessages(trpc, conversationId)).at(-1);
  return {
    text: toText(events),
    endings: events.map(({ event }) => event).filter(isTerminalEvent),
    types: new Set(events.map(({ event }) => event.type)),
    stored: answer?.content ?? "",
    state: answer?.run?.state,
    usage: answer?.usage ?? null,
    shown: JSON.stringify([events, answer]),
  };
}
