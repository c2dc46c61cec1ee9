import { operator } from "@llm-backend/server";
import {
  answerAsAsked,
  createFakeUpstream,
  startBackend,
  type FakeUpstream,
  type ReplyChoice,
  type TestBackend,
} from "@llm-backend/testing";
import { until } from "../callers/chat-stage.ts";
import { parsePrometheus } from "../metrics/prometheus-text.ts";
import { watchHealth, type HealthWatch } from "./health-watch.ts";
import type { HeardAnswer } from "./heard-answer.ts";
import { goodText } from "./judge-fault.ts";
import { askV1 } from "./v1-caller.ts";

/** Longer than the 250 ms that Redis may cost anybody, and all that a busy machine takes besides; shorter than any hang. */
export const waitMsMax = 1_000;

/** What a backend says of itself. */
export type Readiness = { readonly status: number; readonly redis: string | undefined };

/** A backend that is told of a Redis, and a caller with a key whose limits are counted there. */
export type RedisFaultStage = AsyncDisposable & {
  readonly backend: TestBackend;
  readonly upstream: FakeUpstream;
  readonly health: HealthWatch;
  ask(): Promise<HeardAnswer>;
  readiness(): Promise<Readiness>;
  /** A number of `/metrics`, without its prefix. */
  metric(name: string): Promise<number | undefined>;
  untilRedis(words: string | RegExp): Promise<void>;
  /** What the log says of Redis. */
  redisLines(): string[];
};

/** What a stage is made of. */
export type RedisFaultStageOptions = {
  readonly port: number;
  readonly reply?: ReplyChoice;
  readonly redis?: Readonly<Record<string, unknown>>;
  readonly requestsPerMinute?: number;
  readonly config?: Readonly<Record<string, unknown>>;
};

/** Sets a stage. */
export async function setRedisFaultStage(options: RedisFaultStageOptions): Promise<RedisFaultStage> {
  await using cleanup = new AsyncDisposableStack();
  const upstream = cleanup.use(
    await createFakeUpstream({ reply: options.reply ?? answerAsAsked(goodText), logsModelLists: false }),
  );
  const backend = cleanup.use(
    await startBackend({
      upstreams: [upstream.url],
      config: { redis: { address: `127.0.0.1:${options.port}`, ...options.redis }, ...options.config },
    }),
  );
  const { secret } = await backend.server.backend.services.keys.create(operator, {
    name: "a key with limits",
    requestsPerMinute: options.requestsPerMinute ?? 100_000,
    tokensPerMinute: 1_000_000_000,
    concurrentMax: 10_000,
  });
  const health = cleanup.use(watchHealth(backend.url));
  const kept = cleanup.move();
  const readiness = async (): Promise<Readiness> => {
    const answer = await fetch(`${backend.url}/readyz`);
    const { checks } = (await answer.json()) as { checks: { redis?: string } };
    return { status: answer.status, redis: checks.redis };
  };
  return {
    backend,
    upstream,
    health,
    ask: () => askV1(backend.url, {}, { headers: { authorization: `Bearer ${secret}` } }),
    readiness,
    async metric(name) {
      const answer = await fetch(`${backend.url}/metrics`);
      return parsePrometheus(await answer.text()).find(`llm_backend_${name}`);
    },
    untilRedis: (words) =>
      until(async () => {
        const { redis = "" } = await readiness();
        return typeof words === "string" ? redis === words : words.test(redis);
      }, `Redis is ${words}`),
    redisLines: () => backend.logLines.filter((line) => /"msg":"Redis /.test(line)),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
