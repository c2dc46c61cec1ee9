import type { RedisConfig } from "../config/redis-config.ts";
import { commandMsMax, openRedisClient, type RedisClient } from "./redis-client.ts";
import { within } from "./within.ts";

/** Hears no more. */
export type Unlisten = () => void;

/** A second connection: one that listens can ask nothing. */
export type RedisListener = {
  listen(channel: string, hear: (message: string) => void): Unlisten;
  /** Resolves when everything is heard from now on, or after the time: Redis may be away. */
  untilHearing(msMax: number): Promise<void>;
  close(): void;
};

const pingMs = 5_000;

/** Creates the listener; it connects with the first channel, and listens to all of them again after each new connection. */
export function createRedisListener(config: RedisConfig): RedisListener {
  const hearers = new Map<string, Set<(message: string) => void>>();
  const waiting = new Set<() => void>();
  let client: RedisClient | undefined;
  let timer: NodeJS.Timeout | undefined;
  /** Questions that have no answer yet; with none of them, on a connection that is ready, everything is heard. */
  let asking = 0;

  const isReady = () => client?.status === "ready";
  const isHearing = () => isReady() && asking === 0;
  // A connection on which listening failed is not one to wait on in silence: the next one begins anew.
  const orReconnect = async (asked: Promise<unknown>) => {
    const mine = client;
    asking++;
    try {
      await within(commandMsMax, asked);
    } catch {
      if (mine === client && isReady()) mine?.disconnect(true);
    } finally {
      asking--;
    }
    if (isHearing()) for (const tell of waiting) tell();
  };

  function open(): RedisClient {
    const opened = openRedisClient(config);
    opened.on("ready", () => {
      if (hearers.size > 0) void orReconnect(opened.subscribe(...hearers.keys()));
    });
    opened.on("message", (channel, message) => {
      for (const hear of hearers.get(channel) ?? []) hear(message);
    });
    // Nothing else would ever be sent on it, so that nobody would notice that the other end is gone.
    timer = setInterval(() => {
      if (isReady()) void orReconnect(opened.ping());
    }, pingMs).unref();
    return opened;
  }

  return {
    listen(channel, hear) {
      client ??= open();
      let heard = hearers.get(channel);
      if (heard === undefined) {
        heard = new Set();
        hearers.set(channel, heard);
        if (isReady()) void orReconnect(client.subscribe(channel));
      }
      heard.add(hear);
      const mine = heard;
      return () => {
        if (!mine.delete(hear) || mine.size > 0 || hearers.get(channel) !== mine) return;
        hearers.delete(channel);
        if (client !== undefined && isReady()) void orReconnect(client.unsubscribe(channel));
      };
    },
    async untilHearing(msMax) {
      if (isHearing()) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      const over = setTimeout(resolve, msMax);
      waiting.add(resolve);
      await promise;
      waiting.delete(resolve);
      clearTimeout(over);
    },
    close() {
      clearInterval(timer);
      client?.disconnect();
    },
  };
}
