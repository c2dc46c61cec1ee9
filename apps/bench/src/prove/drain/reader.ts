/** What a reader asks for. */
export type ReaderAsk = {
  readonly conversationId: number;
  readonly requestId: string;
  readonly message: string;
  /** Learns that the answer has begun to come. */
  readonly onOpen: () => void;
};

/** What a reader saw of one answer. */
export type Seen = {
  readonly text: string;
  readonly end: string;
  readonly endings: number;
  readonly reconnects: number;
};

/** A way to ask for an answer and to follow it to its end, over as many connections as that takes. */
export type Reader = {
  readonly name: string;
  /** @throws Error when the answer cannot be followed to an ending. */
  ask(ask: ReaderAsk): Promise<Seen>;
};
