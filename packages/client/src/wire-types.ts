import type { AppRouter } from "@llm-backend/server";
import type { inferRouterInputs, inferRouterOutputs } from "@trpc/server";

/** What every procedure takes: `RouterInputs["conversation"]["create"]`. */
export type RouterInputs = inferRouterInputs<AppRouter>;

/** What every procedure answers: `RouterOutputs["conversation"]["history"]`. */
export type RouterOutputs = inferRouterOutputs<AppRouter>;

type ItemOf<TStream> = TStream extends AsyncIterable<infer TItem> ? TItem : never;

/** An event with the id behind which a follower continues. */
export type TrackedRunEvent = ItemOf<RouterOutputs["chat"]["follow"]>;

/**
 * What a run tells, in order: it begins with `run-start` and ends with exactly one of `run-done`, `run-stop`,
 * `run-interrupt`, `run-error`. After an `answer-reset` the text so far is void and the answer begins anew.
 */
export type RunEvent = TrackedRunEvent["data"];

/** An event after which nothing comes. */
export type TerminalEvent = Extract<
  RunEvent,
  { type: "run-done" | "run-stop" | "run-interrupt" | "run-error" }
>;

/** Tokens of one answer; a number that nobody reported is absent. */
export type Usage = NonNullable<Extract<RunEvent, { type: "run-done" }>["usage"]>;

/** The code of an error as the server names it. */
export type ErrorCode = Extract<RunEvent, { type: "run-error" }>["code"];

/** The states of a run; all but `streaming` are final. */
export type RunState = RouterOutputs["chat"]["get"]["state"];

/** A run that was started, or joined. */
export type StartedRun = RouterOutputs["chat"]["send"];

/** A run that was stopped, or had ended before. */
export type StoppedRun = RouterOutputs["chat"]["stop"];

/** A user's own account. */
export type Account = RouterOutputs["auth"]["me"];

/** A login: a short access token, and a refresh token that is replaced at each use. */
export type TokenPair = RouterOutputs["auth"]["login"];

/** A user name and a password. */
export type Credentials = RouterInputs["auth"]["login"];

/** One conversation. */
export type ConversationView = RouterOutputs["conversation"]["get"];

/** One message of a conversation, with its run if it is an answer. */
export type MessageView = RouterOutputs["conversation"]["history"]["messages"][number];

/** A file of the user's. */
export type AttachmentDetail = RouterOutputs["attachment"]["get"];

/** A file as its message shows it. */
export type AttachmentView = MessageView["attachments"][number];

/** A model that can be asked. */
export type ModelView = RouterOutputs["model"]["list"][number];

/** A tool that conversations can use. */
export type ToolView = RouterOutputs["tool"]["list"][number];

/** One call of a tool within an answer. */
export type ToolCallView = MessageView["toolCalls"][number];

/** What the user says to a call that waits. */
export type ToolDecision = RouterInputs["chat"]["allowTool"]["decision"];

/** A passage that an answer was given to read. */
export type Citation = MessageView["citations"][number];

/** A knowledge base. */
export type KnowledgeBaseView = RouterOutputs["knowledge"]["getBase"];

/** A document of a knowledge base. */
export type DocumentView = RouterOutputs["knowledge"]["documents"]["get"];

/** A passage that a search has found. */
export type FoundPassage = RouterOutputs["knowledge"]["search"]["passages"][number];

/** What is told of a base's jobs: all that have not ended, then each that changes. */
export type JobEvent = ItemOf<RouterOutputs["knowledge"]["jobs"]>["data"];
