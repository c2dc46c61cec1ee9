/** The face that a request is for: what it answers with is told by that. */
export type HostileFace = "tRPC" | "/api" | "/admin" | "/v1" | "raw HTTP" | "WebSocket";

/** One request that nobody should send. */
export type HostileRequest = {
  readonly face: HostileFace;
  readonly method: string;
  readonly path: string;
  readonly token: string | undefined;
  readonly body: string | Buffer | undefined;
};

/** What came of it. */
export type HostileReply = {
  /** 0: none; the connection was closed. */
  readonly status: number;
  readonly contentType: string;
  readonly text: string;
  /** Until the reply was whole; of a stream, until it began. */
  readonly ms: number;
};
