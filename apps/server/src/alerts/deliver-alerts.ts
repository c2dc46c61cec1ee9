import type { AlertChannel } from "./alert-channels.ts";
import type { Message } from "./alert.ts";

/** How the sending of one message ended. `dropped`: too many were waiting. */
export type DeliveryOutcome = "sent" | "failed" | "dropped";

/** Sends messages to one channel, one after the other, in the background. */
export type Delivery = {
  /** Never throws, never waits. */
  send(message: Message): void;
  /** Resolves when all has been sent, or given up. */
  idle(): Promise<void>;
};

/** So many wait at most: somebody who is told of more than that at once reads none of it. */
const waitingMax = 32;
const answerBytesMax = 65_536;

/** Creates the delivery to one channel. */
export function createDelivery(
  channel: AlertChannel,
  given: {
    readonly timeoutMs: number;
    /** Gives up what is under way, and what waits. */
    readonly signal: AbortSignal;
    readonly onEnd: (outcome: DeliveryOutcome, reason?: string) => void;
  },
): Delivery {
  let waiting = 0;
  let last = Promise.resolve();

  async function deliver(message: Message): Promise<void> {
    try {
      const reason = await post(channel, message, given);
      if (reason === undefined) given.onEnd("sent");
      else given.onEnd("failed", reason);
    } catch (error) {
      given.onEnd("failed", toReason(error));
    } finally {
      waiting--;
    }
  }

  return {
    send(message) {
      if (waiting >= waitingMax) {
        given.onEnd("dropped", `${waiting} messages are waiting already`);
        return;
      }
      waiting++;
      last = last.then(() => deliver(message));
    },
    idle: () => last,
  };
}

/** Says what is wrong; undefined when the message has arrived. */
async function post(
  channel: AlertChannel,
  message: Message,
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<string | undefined> {
  const { url, ...request } = channel.toRequest(message);
  const response = await fetch(url, {
    ...request,
    // A redirected POST becomes a GET, and would tell nobody.
    redirect: "error",
    signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
  });
  const answer = await readBounded(response);
  return response.ok ? channel.findRefusal?.(answer) : `it answered ${response.status}`;
}

async function readBounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > answerBytesMax) break;
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** Without the URL: whoever knows it can post there. */
function toReason(error: unknown): string {
  if (!(error instanceof Error)) return "it could not be sent";
  if (error.name === "TimeoutError") return "it did not answer in time";
  if (error.name === "AbortError") return "the server was stopped";
  const { cause } = error;
  return cause instanceof Error && "code" in cause ? String(cause.code) : "the connection failed";
}
