import type { Place } from "@llm-backend/server";
import { unavailable, type RedisLink } from "./redis-link.ts";

/** Holds places, and says now and then that they are still held. */
export type PlaceKeeper = Disposable & {
  take(
    key: string,
    wanted: { readonly id: string; readonly placesMax: number },
  ): Promise<Place | "full" | undefined>;
};

/** A place is held for so long without another word: the places of a process that died are free then. */
const keptMs = 30_000;
const renewMs = 10_000;

/** Creates the keeper. */
export function createPlaceKeeper(link: RedisLink): PlaceKeeper {
  const held = new Map<string, Set<string>>();

  function renew(): void {
    for (const [key, ids] of held) void link.ask((client) => client.keepPlaces(key, keptMs, ...ids));
  }
  const timer = setInterval(renew, renewMs).unref();
  // A flush, or a restart without its data, has freed what is still held.
  link.onOk(renew);

  function hold(key: string, id: string): Place {
    const ids = held.get(key) ?? new Set();
    held.set(key, ids.add(id));
    return {
      release() {
        if (!ids.delete(id)) return;
        if (ids.size === 0 && held.get(key) === ids) held.delete(key);
        void link.ask((client) => client.zrem(key, id));
      },
    };
  }

  return {
    async take(key, { id, placesMax }) {
      const answer = await link.ask((client) => client.takePlace(key, id, placesMax, keptMs));
      if (answer === unavailable) return undefined;
      return answer === 1 ? hold(key, id) : "full";
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
}
