/**
 * The parts of OpenAI's Chat Completions wire format that this system reads or writes.
 * Readers are tolerant: whatever a provider may leave out or set to null is optional here.
 *
 * @source https://platform.openai.com/docs/api-reference/chat
 */
export type WireMessage = {
  readonly role: "system" | "user" | "assistant" | "developer" | "tool";
  readonly content: string | readonly WirePart[];
  /** What an assistant's message calls; each is answered by a message of the role `tool`. */
  readonly tool_calls?: readonly WireToolCall[];
  /** Which call a message of the role `tool` answers. */
  readonly tool_call_id?: string;
};

/** A part of a message that is more than one text. Images are `data:` URLs: nobody has to fetch anything. */
export type WirePart =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "image_url"; readonly image_url: { readonly url: string } };

/** A call of a tool, whole, as it stands in an assistant's message. */
export type WireToolCall = {
  readonly id: string;
  readonly type: "function";
  readonly function: { readonly name: string; readonly arguments: string };
};

/** A tool that a model may call. */
export type WireTool = {
  readonly type: "function";
  readonly function: {
    readonly name: string;
    readonly description?: string;
    readonly parameters: Readonly<Record<string, unknown>>;
  };
};

/** The body of `POST /chat/completions` as this system sends it. */
export type WireChatRequest = {
  readonly model: string;
  readonly messages: readonly WireMessage[];
  readonly stream: true;
  readonly stream_options?: { readonly include_usage: boolean };
  readonly [parameter: string]: unknown;
};

/** `usage` as providers send it. */
export type WireUsage = {
  readonly prompt_tokens?: number | null;
  readonly completion_tokens?: number | null;
  readonly total_tokens?: number | null;
  readonly prompt_tokens_details?: { readonly cached_tokens?: number | null } | null;
  readonly completion_tokens_details?: { readonly reasoning_tokens?: number | null } | null;
};

/** The delta of one choice; providers name the reasoning in two ways. */
export type WireDelta = {
  readonly role?: string | null;
  readonly content?: string | null;
  readonly reasoning_content?: string | null;
  readonly reasoning?: string | null;
  readonly refusal?: string | null;
};

/** One `chat.completion.chunk`. */
export type WireChunk = {
  readonly id?: string;
  readonly model?: string | null;
  readonly choices?:
    | readonly ({
        readonly index?: number;
        readonly delta?: WireDelta | null;
        readonly finish_reason?: string | null;
      } | null)[]
    | null;
  readonly usage?: WireUsage | null;
  readonly error?: WireError | string | null;
};

/** OpenAI's error object. */
export type WireError = {
  readonly message?: string | null;
  readonly type?: string | null;
  readonly param?: string | null;
  readonly code?: string | number | null;
};
