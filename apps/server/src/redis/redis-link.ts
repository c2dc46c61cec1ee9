import type { RedisConfig } from "../config/redis-config.ts";
import { commandMsMax, openRedisClient, type RedisClient } from "./redis-client.ts";
import { toRedisFault } from "./redis-fault.ts";
import { createRedisHealth, type RedisState } from "./redis-health.ts";
import { createRedisListener, type Unlisten } from "./redis-listener.ts";
import { within } from "./within.ts";

/** What is answered in place of an answer of Redis: the caller does without. */
export const unavailable: unique symbol = Symbol("Redis is not available");

/** What was asked of Redis since the start. */
export type RedisStats = {
  commands: number;
  /** Commands that brought no answer, those that took too long among them. */
  failures: number;
  timeouts: number;
  /** Questions that were not sent, since Redis was known to be of no use. */
  skipped: number;
};

/** The connection to Redis: everything that uses Redis goes through it. Nothing of it ever throws. */
export type RedisLink = {
  /**
   * Asks Redis. Answers `unavailable` after 250 ms at the latest, and at once while Redis is known to be unwell: what was
   * asked for may or may not have happened then.
   */
  ask<T>(send: (client: RedisClient) => Promise<T>): Promise<T | typeof unavailable>;
  /** Hears what is published on a channel, also after Redis was away; what was published meanwhile is lost. */
  listen(channel: string, hear: (message: string) => void): Unlisten;
  /** Resolves when all that is listened to is heard, or after 250 ms. */
  untilHearing(): Promise<void>;
  /** Learns that Redis is well again; what was published before may have been missed. */
  onOk(listener: () => void): void;
  /** Puts the configured prefix before a name. */
  key(name: string): string;
  readonly state: RedisState;
  readonly stats: Readonly<RedisStats>;
  close(): void;
};

/** What the link stands on. */
export type RedisLinkOptions = {
  readonly config: RedisConfig;
  /** Learns of each change of the state. */
  readonly onChange: (state: RedisState) => void;
  /** Learns of a command that Redis did not understand, by the first word of its answer. */
  readonly onRefused: (word: string) => void;
};

/** So many answers may be waited for at once; what comes beyond does without. */
const openMax = 10_000;

/** Opens the link. It connects in the background, as often as it takes. */
export function openRedisLink({ config, onChange, onRefused }: RedisLinkOptions): RedisLink {
  const client = openRedisClient(config);
  const stats: RedisStats = { commands: 0, failures: 0, timeouts: 0, skipped: 0 };
  const listeners: (() => void)[] = [];
  const key = (name: string) => `${config.keyPrefix}${name}`;
  let open = 0;
  const health = createRedisHealth({
    // A write: a server that is full, or a replica, answers every other question.
    probe: () => within(commandMsMax, client.set(key("probe"), "1", "PX", 10_000)),
    // Without a connection, whatever connecting has said is the reason.
    toReason: (error) => (client.status === "ready" ? toRedisFault(error)?.reason : undefined),
    onChange(state) {
      onChange(state);
      if (state.isOk) for (const listener of listeners) listener();
    },
  });
  const listener = createRedisListener(config);
  client.on("ready", () => health.probeNow());
  client.on("close", () => health.state.isOk && health.fail("has closed the connection"));
  client.on("error", (error) => {
    const fault = toRedisFault(error);
    if (fault !== undefined) health.fail(fault.reason);
  });

  function note(error: unknown): void {
    stats.failures++;
    const fault = toRedisFault(error);
    if (fault === undefined) {
      onRefused(/^\w{1,32}/.exec((error as Error).message)?.[0] ?? "");
      return;
    }
    if (fault.isTimeout) stats.timeouts++;
    health.fail(fault.reason);
    if (fault.reconnects && client.status === "ready") client.disconnect(true);
  }

  return {
    async ask(send) {
      if (!health.state.isOk || open >= openMax) {
        stats.skipped++;
        return unavailable;
      }
      stats.commands++;
      open++;
      try {
        return await within(commandMsMax, send(client));
      } catch (error) {
        note(error);
        return unavailable;
      } finally {
        open--;
      }
    },
    listen: (channel, hear) => listener.listen(channel, hear),
    untilHearing: () => listener.untilHearing(commandMsMax),
    onOk: (hear) => void listeners.push(hear),
    key,
    get state() {
      return health.state;
    },
    stats,
    close() {
      health.close();
      listener.close();
      client.disconnect();
    },
  };
}
