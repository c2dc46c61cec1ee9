/** When readers who were cut come back: while the answer is made, after its end, after the server was ended in a way. */
export type RoundKind = "live" | "ended" | "killed" | "stopped";
