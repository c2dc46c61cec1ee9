import type { ReceivedRequest } from "./request-reader.ts";

/** How the socket of a call ended, and when, in milliseconds of `performance.now()`. */
export type CallEnd = { readonly by: "client" | "upstream"; readonly at: number };

/** One request that the fake upstream received. */
export type Call = ReceivedRequest & {
  /** Counts all calls of all fake upstreams of the process: the order in which attempts were made. */
  readonly sequence: number;
  /** Which connection of its upstream brought it; calls with the same number shared a socket. */
  readonly connection: number;
  /** The parsed JSON body; undefined where it is none. */
  readonly body: unknown;
  /** When it was complete, in milliseconds of `performance.now()`. */
  readonly at: number;
  /** Bytes written to the socket in answer, the head included. */
  readonly bytesWritten: number;
  /** Resolves when the reply has been played to its end, or its socket is gone. */
  readonly answered: Promise<void>;
  /** Resolves when the socket that brought the call is closed; with keep-alive that may be long after the answer. */
  readonly closed: Promise<CallEnd>;
};

/** A call as its own connection sees it. */
export type CallEntry = Call & { bytesWritten: number; readonly markAnswered: () => void };

/** The calls of one upstream, in order. */
export type CallLog = {
  readonly calls: readonly Call[];
  add(call: CallEntry): void;
  /** The next call that nobody has taken yet; waits for it. */
  next(): Promise<Call>;
};

let sequence = 0;

function parseBody(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Makes the log's entry for a request. */
export function createCall(
  request: ReceivedRequest,
  connection: number,
  closed: Promise<CallEnd>,
): CallEntry {
  const answered = Promise.withResolvers<void>();
  return {
    ...request,
    sequence: ++sequence,
    connection,
    body: parseBody(request.bodyText),
    at: performance.now(),
    bytesWritten: 0,
    answered: answered.promise,
    closed,
    markAnswered: answered.resolve,
  };
}

/** Creates the log of one upstream. */
export function createCallLog(): CallLog {
  const calls: Call[] = [];
  const waiting: ((call: Call) => void)[] = [];
  let taken = 0;
  return {
    calls,
    add(call) {
      calls.push(call);
      const waiter = waiting.shift();
      if (waiter === undefined) return;
      taken++;
      waiter(call);
    },
    next() {
      const call = calls[taken];
      if (call === undefined) {
        return new Promise((resolve) => {
          waiting.push(resolve);
        });
      }
      taken++;
      return Promise.resolve(call);
    },
  };
}
