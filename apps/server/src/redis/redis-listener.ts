import type { RedisConfig } from "../config/redis-config.ts";
import { openRedisClient, type RedisClient } from "./redis-client.ts";

/** Hears no more. */
export type Unlisten = () => void;

/** A second connection: one that listens can ask nothing. */
export type RedisListener = {
  listen(channel: string, hear: (message: string) => void): Unlisten;
  close(): void;
};

const pingMs = 5_000;

/** Creates the listener; it connects with the first channel, and listens to all of them again after each new connection. */
export function createRedisListener(config: RedisConfig): RedisListener {
  const hearers = new Map<string, Set<(message: string) => void>>();
  let client: RedisClient | undefined;
  let timer: NodeJS.Timeout | undefined;

  const isReady = () => client?.status === "ready";
  // A connection on which listening failed is not one to wait on in silence: the next one begins anew.
  const orReconnect = (asked: Promise<unknown>) => {
    const mine = client;
    asked.catch(() => mine === client && mine?.status === "ready" && mine.disconnect(true));
  };

  function open(): RedisClient {
    const opened = openRedisClient(config);
    opened.on("ready", () => {
      if (hearers.size > 0) orReconnect(opened.subscribe(...hearers.keys()));
    });
    opened.on("message", (channel, message) => {
      for (const hear of hearers.get(channel) ?? []) hear(message);
    });
    // Nothing else would ever be sent on it, so that nobody would notice that the other end is gone.
    timer = setInterval(() => {
      if (isReady()) orReconnect(opened.ping());
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
        if (isReady()) orReconnect(client.subscribe(channel));
      }
      heard.add(hear);
      const mine = heard;
      return () => {
        if (!mine.delete(hear) || mine.size > 0 || hearers.get(channel) !== mine) return;
        hearers.delete(channel);
        if (client !== undefined && isReady()) orReconnect(client.unsubscribe(channel));
      };
    },
    close() {
      clearInterval(timer);
      client?.disconnect();
    },
  };
}
