import { findRedisObstacle } from "@llm-backend/testing";
import { openRedisLink, type RedisLink } from "../../src/redis/redis-link.ts";

const obstacle = findRedisObstacle();

/** For tests against a real redis-server: where there is none, they are skipped, and say why. */
export const needsRedis = { skip: obstacle !== undefined, meta: { skipReason: obstacle ?? "" } };

/** A link to a port of loopback, and what it told of its states. */
export type LinkStage = Disposable & {
  readonly link: RedisLink;
  /** `ok`, or the reason why not, in their order. */
  readonly states: string[];
  readonly refused: string[];
};

/** Opens a link. */
export function openLink(port: number, fields: { password?: string; keyPrefix?: string } = {}): LinkStage {
  const states: string[] = [];
  const refused: string[] = [];
  const link = openRedisLink({
    config: {
      place: { host: "127.0.0.1", port },
      username: undefined,
      password: fields.password,
      db: 0,
      tls: false,
      keyPrefix: fields.keyPrefix ?? "test:",
      isRelay: false,
      isRequired: false,
    },
    onChange: (state) => states.push(state.isOk ? "ok" : state.reason),
    onRefused: (word) => refused.push(word),
  });
  return { link, states, refused, [Symbol.dispose]: () => link.close() };
}
