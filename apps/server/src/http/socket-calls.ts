/** A subscription as it is asked for over a WebSocket. */
export type SocketSubscriptionCall = {
  readonly id: number | string;
  readonly jsonrpc: "2.0" | undefined;
  /** The dotted name of the procedure. */
  readonly path: string;
  /** Still encoded. */
  readonly input: unknown;
  /** The id of the event after which the caller continues. */
  readonly lastEventId: string | undefined;
};

/** What takes the calls of a socket that are no business of tRPC's. */
export type CallTaker = {
  /** False: it is not taken. */
  readonly start: (call: SocketSubscriptionCall) => boolean;
  /** False: there is no such subscription. */
  readonly stop: (id: number | string) => boolean;
};

/**
 * Takes the subscriptions out of a message, and the words that stop them.
 *
 * @returns what is left of it, for tRPC to answer: the whole text where nothing was taken, undefined where everything was.
 */
export function takeCalls(text: string, batchCallsMax: number, taker: CallTaker): string | undefined {
  // Most messages are none, and need not be parsed twice.
  if (!text.includes('"subscription')) return text;
  const message = parse(text);
  if (!Array.isArray(message)) return take(message, taker) ? undefined : text;
  if (message.length > batchCallsMax) return text;
  const rest = message.filter((one) => !take(one, taker));
  if (rest.length === message.length) return text;
  return rest.length === 0 ? undefined : JSON.stringify(rest);
}

function take(message: unknown, taker: CallTaker): boolean {
  if (!isObject(message)) return false;
  const { id, jsonrpc, method, params } = message;
  if (typeof id !== "string" && typeof id !== "number") return false;
  if (jsonrpc !== undefined && jsonrpc !== "2.0") return false;
  if (method === "subscription.stop") return taker.stop(id);
  if (method !== "subscription" || !isObject(params)) return false;
  const { path, input, lastEventId } = params;
  if (typeof path !== "string") return false;
  if (lastEventId !== undefined && typeof lastEventId !== "string") return false;
  return taker.start({ id, jsonrpc, path, input, lastEventId });
}

/** What is no JSON is no message of ours. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
