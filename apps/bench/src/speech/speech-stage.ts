import {
  createFakeUpstream,
  createHandDrivenReply,
  role,
  spawnBackend,
  type BackendProcess,
  type FakeUpstream,
  type HandDrivenReply,
} from "@llm-backend/testing";

/** A server that speaks, and the model behind it. */
export type SpeechStage = AsyncDisposable & {
  readonly backend: BackendProcess;
  readonly upstream: FakeUpstream;
  readonly token: string;
  /** The next answer, to be written step by step; its head has gone out when the question comes. */
  expectQuestion(): HandDrivenReply;
};

const token = "token-of-the-bench";

/** Starts both; nothing is warm. */
export async function startSpeechStage(leadSeconds: number): Promise<SpeechStage> {
  await using cleanup = new AsyncDisposableStack();
  const upstream = cleanup.use(await createFakeUpstream({ logsModelLists: false }));
  const backend = cleanup.use(
    await spawnBackend({
      upstreams: [upstream.url],
      config: { authorization: token, speech: { lead_seconds: leadSeconds } },
      program: "built",
    }),
  );
  const kept = cleanup.move();
  return {
    backend,
    upstream,
    token,
    expectQuestion() {
      const hand = createHandDrivenReply();
      hand.push({ do: "head" }, role());
      upstream.enqueue(hand.reply);
      return hand;
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
