import {
  createFakeUpstream,
  startBackend,
  type FakeUpstream,
  type ReplyChoice,
  type TestBackend,
} from "@llm-backend/testing";
import OpenAI, { type ClientOptions } from "openai";
import type { RawAnswer } from "../faults/heard-answer.ts";
import { callerToken, callV1, type V1Request } from "../faults/v1-caller.ts";

/** The token of everybody in these tests; the configuration names it. */
export { callerToken };

/** What a stage is made of. */
export type OpenAiStageOptions = {
  /** What each upstream answers. @default one that says hello */
  readonly replies?: readonly (ReplyChoice | undefined)[];
  /** Further keys of the upstreams' entries, in their order. */
  readonly entries?: readonly Readonly<Record<string, unknown>>[];
  readonly config?: Readonly<Record<string, unknown>>;
};

/** Upstreams, a backend before them, and callers of its `/v1`. */
export type OpenAiStage = AsyncDisposable & {
  readonly backend: TestBackend;
  readonly upstreams: readonly FakeUpstream[];
  readonly upstream: FakeUpstream;
  /** The official client. It asks once, unless told otherwise. */
  client(options?: ClientOptions): OpenAI;
  call(path: string, asked?: V1Request): Promise<RawAnswer>;
};

/** The key of the upstream of that number. */
export const toUpstreamKey = (index: number): string => `sk-upstream-${index}-5d21c7`;

/** Sets a stage; upstreams are named `upstream-0`, `upstream-1` and so on, and are asked in this order. */
export async function setStage(options: OpenAiStageOptions = {}): Promise<OpenAiStage> {
  await using cleanup = new AsyncDisposableStack();
  const upstreams: FakeUpstream[] = [];
  for (const reply of options.replies ?? [undefined])
    upstreams.push(
      cleanup.use(await createFakeUpstream({ logsModelLists: false, ...(reply !== undefined && { reply }) })),
    );
  const backend = cleanup.use(
    await startBackend({
      upstreams: upstreams.map(({ url }, index) => ({
        name: `upstream-${index}`,
        endpoint: url,
        sk: toUpstreamKey(index),
        ...options.entries?.[index],
      })),
      config: { authorization: callerToken, ...options.config },
    }),
  );
  const kept = cleanup.move();
  return {
    backend,
    upstreams,
    upstream: upstreams[0] as FakeUpstream,
    client: (clientOptions) =>
      new OpenAI({ apiKey: callerToken, baseURL: `${backend.url}/v1`, maxRetries: 0, ...clientOptions }),
    call: (path, asked) => callV1(backend.url, path, asked),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
