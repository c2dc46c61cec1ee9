/** What one answer looked like from outside. */
export type Asked = {
  /** From the request's first byte to the first byte that carries text. */
  readonly firstTokenMs: number;
  readonly totalMs: number;
};

/** One way to ask for an answer and to read its stream, as cheaply as a reader can. */
export type StreamCaller = Disposable & {
  readonly name: string;
  /** The process that does the work between the reader and the upstream. */
  readonly pid: number;
  /**
   * Asks once and reads the stream to its end.
   *
   * @throws Error when the stream ended without saying that it was complete.
   */
  ask(target: ConversationTarget): Promise<Asked>;
};

/** Where to ask: a conversation without messages, so that every prompt costs the same. */
export type ConversationTarget = { readonly conversationId: number };

/** What is asked. */
export const question = "Count, please.";
