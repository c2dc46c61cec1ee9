import {
  createClient,
  isTerminalEvent,
  LlmBackendError,
  type ChatResult,
  type ConversationView,
  type ErrorCode,
  type LlmBackendErrorCode,
  type RunEvent,
  type RunState,
  type StoppedRun,
  type TokenPair,
  type Usage,
} from "@llm-backend/client";

/** Whether two types are the same, not only assignable. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the compiler compares two unresolved conditionals
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const assertSame = <A, B>(same: Same<A, B>): void => void same;

const [url = ""] = process.argv.slice(2);
const client = createClient({ url });
const credentials = { username: `consumer-${process.pid}-${process.version}`, password: "correct horse" };

const account = await client.auth.register.mutate(credentials);
assertSame<typeof account, { userId: number; username: string; role: "admin" | "user"; createdAt: Date }>(
  true,
);
await client.session.login(credentials);
const tokens = await client.session.tokens();
assertSame<typeof tokens, TokenPair | null>(true);
assertSame<TokenPair["accessTokenExpiresAt"], Date>(true);

const conversation = await client.conversation.create.mutate({ title: "Types", model: "fake-model" });
assertSame<typeof conversation, ConversationView>(true);
assertSame<ConversationView["headMessageId"], string | null>(true);
const { conversationId } = conversation;
const page = await client.conversation.list.query({ limit: 1 });
assertSame<typeof page.nextCursor, number | null>(true);
assertSame<(typeof page.conversations)[number], ConversationView>(true);

const stream = client.chat.stream({ conversationId, message: "Hello" });
assertSame<typeof stream.result, Promise<ChatResult>>(true);
let text = "";
const types: string[] = [];
for await (const event of stream) {
  assertSame<typeof event, RunEvent>(true);
  types.push(event.type);
  if (event.type === "text-delta") {
    assertSame<typeof event, { type: "text-delta"; text: string }>(true);
    text += event.text;
  }
  if (event.type === "run-error") assertSame<typeof event.code, ErrorCode>(true);
  if (event.type === "run-done") assertSame<typeof event.usage, Usage | undefined>(true);
  if (isTerminalEvent(event)) {
    assertSame<typeof event.type, "run-done" | "run-stop" | "run-interrupt" | "run-error">(true);
  }
}
const result = await stream.result;
assertSame<typeof result.state, "done" | "stopped" | "interrupted">(true);
if (result.state === "done") assertSame<typeof result.finishReason, string>(true);
const stopped = await stream.stop();
assertSame<typeof stopped, StoppedRun>(true);
assertSame<typeof stopped.state, RunState>(true);

const again = client.trpc.chat.follow.subscribe({ runId: result.runId });
let followed = "";
for await (const { id, data } of again) {
  assertSame<typeof id, string>(true);
  assertSame<typeof data, RunEvent>(true);
  if (data.type === "text-delta") followed += data.text;
}

let code: LlmBackendErrorCode | undefined;
try {
  await client.conversation.get.query({ conversationId: 1 });
} catch (error) {
  if (!LlmBackendError.is(error)) throw error;
  assertSame<typeof error, LlmBackendError>(true);
  assertSame<typeof error.code, LlmBackendErrorCode>(true);
  assertSame<typeof error.retryAfterMs, number | undefined>(true);
  code = error.code;
}
await client.session.logout();
client.close();

process.stdout.write(
  JSON.stringify({
    text,
    types,
    followed,
    code,
    isDate: account.createdAt instanceof Date,
    state: result.state,
  }),
);
