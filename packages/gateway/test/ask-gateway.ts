import { DomainError } from "@llm-backend/contract";
import type { FakeUpstream } from "@llm-backend/testing/fake-upstream";
import {
  createGateway,
  type AnswerPart,
  type AttemptReport,
  type ChatOutcome,
  type ChatRequest,
  type Gateway,
  type GatewayOptions,
  type Upstream,
} from "../src/index.ts";

/** Clocks that a test whose upstream answers never sees expire, even on a busy machine. */
const patientClocks = { connectMs: 3000, firstByteMs: 3000, firstTokenMs: 3000, idleMs: 3000 };
/** Clocks for upstreams that keep silent. */
export const shortClocks = { connectMs: 60, firstByteMs: 60, firstTokenMs: 60, idleMs: 60 };

/** A pool that takes nobody out, and asks nobody a second time: each test sees its own fault only. */
export const steadyPool = {
  breaker: { failuresInARow: 1e9, requestsMin: 1e9 },
  keyRest: { rejectedMs: 0, quotaMs: 0, coolMs: 0, coolMsMax: 0 },
  retry: { share: 0, retriesMin: 0, retriesMinPerCandidate: 0 },
} as const;

/** A gateway that closes with the test, and what its observer was told. */
export type GatewayUnderTest = AsyncDisposable & {
  readonly gateway: Gateway;
  readonly reports: AttemptReport[];
};

let count = 0;

/** An upstream that serves every model. */
export function toUpstream(endpoint: string | FakeUpstream, rest: Partial<Upstream> = {}): Upstream {
  const id = String(++count);
  const url = typeof endpoint === "string" ? endpoint : endpoint.url;
  return {
    id,
    name: `upstream-${id}`,
    endpoint: url,
    keys: ["sk-test-0123456789abcdef"],
    models: [],
    aliases: {},
    ...rest,
  };
}

/** Opens a gateway in front of these upstreams. */
export function openGateway(
  upstreams: readonly (string | FakeUpstream | Upstream)[],
  options: Partial<GatewayOptions> = {},
): GatewayUnderTest {
  const reports: AttemptReport[] = [];
  const gateway = createGateway({
    clocks: patientClocks,
    pool: steadyPool,
    observer: { attemptEnded: (report) => void reports.push(report) },
    ...options,
    upstreams: upstreams.map((one) => (typeof one === "object" && "aliases" in one ? one : toUpstream(one))),
  });
  return { gateway, reports, [Symbol.asyncDispose]: () => gateway.close() };
}

/** What a question brought: the parts, and the outcome or the error. */
export type Asked = {
  readonly batches: (readonly AnswerPart[])[];
  readonly text: string;
  readonly reasoning: string;
  readonly outcome: ChatOutcome | undefined;
  readonly error: DomainError | undefined;
};

/** A question under way. */
export type Asking = {
  readonly done: Promise<Asked>;
  readonly abort: () => void;
  /** Resolves when the text so far is this. */
  readonly untilText: (text: string) => Promise<void>;
};

const join = (batches: Asked["batches"], type: AnswerPart["type"]): string =>
  batches
    .flat()
    .filter((part) => part.type === type)
    .map(({ text }) => text)
    .join("");

/** Asks, and lets the test watch. */
export function startAsking(
  gateway: Gateway,
  asked: Partial<ChatRequest> & { onFirst?: () => void } = {},
): Asking {
  const { onFirst, ...request } = asked;
  const controller = new AbortController();
  const batches: (readonly AnswerPart[])[] = [];
  const watchers = new Set<() => void>();
  const chat = gateway.chat(
    { id: "run_test", model: "fake-model", messages: [{ role: "user", content: "Hi" }], ...request },
    {
      signal: controller.signal,
      onParts: (parts) => {
        batches.push(parts);
        if (batches.length === 1) onFirst?.();
        for (const watcher of watchers) watcher();
      },
    },
  );
  const toAsked = (rest: Pick<Asked, "outcome" | "error">): Asked => ({
    batches,
    text: join(batches, "text-delta"),
    reasoning: join(batches, "reasoning-delta"),
    ...rest,
  });
  return {
    abort: () => controller.abort(),
    done: chat.then(
      (outcome) => toAsked({ outcome, error: undefined }),
      (error: unknown) => {
        if (!DomainError.is(error)) throw error;
        return toAsked({ outcome: undefined, error });
      },
    ),
    untilText: (text) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (join(batches, "text-delta") === text) resolve();
        };
        watchers.add(look);
        look();
      }),
  };
}

/** Asks, and waits for the end. */
export function ask(gateway: Gateway, request: Partial<ChatRequest> = {}): Promise<Asked> {
  return startAsking(gateway, request).done;
}
