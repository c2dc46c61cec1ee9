import type { WebSocketClass } from "../client-options.ts";
import { fromShape, toCancelled, toUnreachable } from "../error/to-llm-backend-error.ts";
import { wireTransformer } from "../links/wire-transformer.ts";
import { createItemQueue, type ItemQueue } from "./item-queue.ts";
import { createSilenceWatch } from "./silence-watch.ts";
import type { SubscriptionCall, SubscriptionItem } from "./transport.ts";

/** One WebSocket that carries any number of subscriptions of one token. */
export type WebSocketChannel = {
  readonly token: string | undefined;
  /** Whether another subscription may be put onto it. */
  readonly isUsable: boolean;
  open(call: SubscriptionCall): AsyncGenerator<SubscriptionItem, void>;
  close(): void;
};

/** What the channel needs. */
export type WebSocketOptions = {
  readonly url: URL;
  readonly WebSocket: WebSocketClass;
  readonly silenceMsMax: number | undefined;
};

type Subscriber = Pick<SubscriptionCall, "onStart"> & { readonly queue: ItemQueue<SubscriptionItem> };

/** A message of the server, in the shape of tRPC's WebSocket protocol. */
type Incoming = {
  readonly id: number | null;
  readonly method?: string;
  readonly error?: unknown;
  readonly result?: { readonly type: string; readonly id?: string; readonly data?: unknown };
};

const silenceMsDefault = 30_000;
/** A socket that carries nothing is kept for the next subscription so long. */
const idleMsMax = 5000;

/**
 * Opens a WebSocket. The token goes in the first message. Everything that it carries fails together when it is lost;
 * to reconnect is its caller's decision.
 */
export function openWebSocketChannel(token: string | undefined, options: WebSocketOptions): WebSocketChannel {
  const subscribers = new Map<number, Subscriber>();
  const unsent: string[] = [];
  const socket = new options.WebSocket(toSocketUrl(options.url));
  let lastId = 0;
  let isUsable = true;
  let idleTimer: ReturnType<typeof setTimeout> | undefined;
  const watch = createSilenceWatch(options.silenceMsMax ?? silenceMsDefault, () => lose("it fell silent"));

  function lose(why: string): void {
    isUsable = false;
    watch.stop();
    clearTimeout(idleTimer);
    socket.close();
    for (const { queue } of subscribers.values()) queue.end(toUnreachable(new Error(why)));
    subscribers.clear();
  }
  function retire(): void {
    isUsable = false;
    if (subscribers.size === 0) lose("the server is about to end");
  }
  function send(message: unknown): void {
    const text = JSON.stringify(message);
    if (socket.readyState === socket.OPEN) socket.send(text);
    else unsent.push(text);
  }
  function settle(id: number, error?: Error): void {
    subscribers.get(id)?.queue.end(error);
    subscribers.delete(id);
    if (subscribers.size > 0) return;
    if (isUsable) idleTimer = setTimeout(() => lose("it was idle"), idleMsMax);
    else lose("the server is about to end");
  }
  function receive(message: Incoming): void {
    // The server is about to end: what runs may still come to its own end, nothing new is begun here.
    if (message.method === "reconnect") return retire();
    if (message.error !== undefined) {
      const error = fromShape(wireTransformer.deserialize(message.error));
      if (message.id === null) lose("the server refused the connection");
      else settle(message.id, error ?? toUnreachable(new Error("it sent an error that is none of its own")));
      return;
    }
    const subscriber = message.id === null ? undefined : subscribers.get(message.id);
    if (subscriber === undefined || message.id === null) return;
    const { type, id, data } = message.result ?? { type: "stopped" };
    if (type === "started") subscriber.onStart();
    else if (type === "stopped") settle(message.id);
    else subscriber.queue.push({ id, data: toPayload(id, wireTransformer.deserialize(data)) });
  }

  function read(text: string): void {
    try {
      receive(JSON.parse(text) as Incoming);
    } catch {
      // Thrown out of an event handler it would end the process.
      lose("it sent what is none of its messages");
    }
  }

  socket.addEventListener("open", () => {
    socket.send(JSON.stringify({ method: "connectionParams", data: token === undefined ? null : { token } }));
    for (const text of unsent.splice(0)) socket.send(text);
  });
  socket.addEventListener("message", ({ data }) => {
    watch.touch();
    if (data === "PING") socket.send("PONG");
    else if (data !== "PONG") read(String(data));
  });
  socket.addEventListener("error", () => lose("the connection failed"));
  socket.addEventListener("close", () => lose("the connection was closed"));

  return {
    token,
    get isUsable() {
      return isUsable;
    },
    open({ path, input, signal, onStart }) {
      const id = ++lastId;
      const queue = createItemQueue<SubscriptionItem>();
      const giveUp = () => queue.end(toCancelled(signal));
      clearTimeout(idleTimer);
      subscribers.set(id, { queue, onStart });
      send({ id, method: "subscription", params: { path, input: wireTransformer.serialize(input) } });
      signal.addEventListener("abort", giveUp);
      return queue.read(() => {
        signal.removeEventListener("abort", giveUp);
        if (!subscribers.has(id)) return;
        send({ id, method: "subscription.stop" });
        settle(id);
      });
    },
    close: () => lose("the client was closed"),
  };
}

/** Items with an id come wrapped together with it. */
function toPayload(id: string | undefined, data: unknown): unknown {
  return id === undefined ? data : (data as { data: unknown }).data;
}

function toSocketUrl(url: URL): string {
  const socketUrl = new URL(url);
  socketUrl.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  // Says that the first message holds what would be headers elsewhere.
  socketUrl.searchParams.set("connectionParams", "1");
  return socketUrl.href;
}
