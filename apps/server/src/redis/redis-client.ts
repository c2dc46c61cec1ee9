import { Redis, type RedisOptions } from "ioredis";
import type { RedisConfig } from "../config/redis-config.ts";
import { scripts, type ScriptCommands } from "./redis-scripts.ts";

/** The longest that anybody waits for an answer of Redis, in milliseconds. */
export const commandMsMax = 250;

const reconnectMsLeast = 50;
const reconnectMsMost = 2_000;

/** A connection, with a method for each script. */
export type RedisClient = Redis & ScriptCommands;

/** Spreads what would happen at once in all processes: between half of a time and all of it. */
export function withJitter(ms: number, random: () => number = Math.random): number {
  return Math.round(ms * (0.5 + random() / 2));
}

/**
 * Opens a connection, and opens it again whenever it is lost. A command is refused at once while there is none: nothing
 * waits in memory for a Redis that may never come back, and nothing is sent a second time.
 */
export function openRedisClient(config: RedisConfig): RedisClient {
  const client = new Redis(toOptions(config)) as RedisClient;
  // Without a listener an error would be written to the console. Whoever uses the client looks at what it answers.
  client.on("error", () => {});
  return client;
}

function toOptions({ place, username, password, db, tls }: RedisConfig) {
  return {
    ...place,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(tls && { tls: "host" in place ? { servername: place.host } : {} }),
    db,
    scripts,
    // Version 3 begins with a question that servers before Redis 6 do not know.
    protocol: 2,
    disableClientInfo: true,
    connectTimeout: 1_000,
    // A server that is cut off without a word would be waited for until TCP gives up, a quarter of an hour.
    socketTimeout: 2_000,
    keepAlive: 10_000,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    // The probe finds out whether it is of use; INFO would be one answer more to wait for.
    enableReadyCheck: false,
    retryStrategy: (attempt) =>
      withJitter(Math.min(reconnectMsLeast * 2 ** Math.min(attempt, 10), reconnectMsMost)),
  } satisfies RedisOptions;
}
