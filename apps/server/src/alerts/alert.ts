/** Something that an operator is told. */
export type Alert = {
  /** What it is about: of the same cause there is one message in a while. */
  readonly cause: string;
  readonly event: "request_failed" | "upstream_out" | "upstream_back" | "key_out" | "key_back";
  /** Whether something is broken, or whole again. */
  readonly state: "trouble" | "recovery";
  /** What happened, in one sentence, free of secrets. */
  readonly sentence: string;
  /** The same for when it happened more than once, of which this is the last time. */
  readonly manySentence: (count: number) => string;
  readonly upstream: string | undefined;
};

/** An alert as it is sent. */
export type Message = Pick<Alert, "event" | "state" | "upstream"> & {
  readonly text: string;
  /** How often it has happened since the message before. */
  readonly count: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly hostname: string;
};
