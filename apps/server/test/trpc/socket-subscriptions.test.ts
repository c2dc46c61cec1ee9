import type { AppRouter } from "@llm-backend/server";
import { answer, createHandDrivenReply, finish, role, say } from "@llm-backend/testing";
import { createTRPCClient, createWSClient, wsLink } from "@trpc/client";
import superjson from "superjson";
import { afterAll, beforeAll, expect, it } from "vitest";
import { setChatStage, until, type ChatStage, type StageUser } from "../callers/chat-stage.ts";
import { createConversation } from "../callers/rest-caller.ts";
import { openSocketCaller } from "../callers/socket-caller.ts";

let stage: ChatStage;
let user: StageUser;
let asked = 0;

beforeAll(async () => {
  stage = await setChatStage();
  user = await stage.addUser();
});
afterAll(() => stage[Symbol.asyncDispose]());

/** A question in a conversation of its own. */
async function newQuestion() {
  return {
    conversationId: await createConversation(user.rest),
    requestId: `socket-${++asked}`,
    message: "Hi",
  };
}

/** The message that asks for an answer. */
const subscribe = (id: number, input: unknown) => ({
  id,
  method: "subscription",
  params: { path: "chat.stream", input: { json: input } },
});

/** An upstream that has begun, and goes on when it is told to. */
function beginAnswer() {
  const hand = createHandDrivenReply();
  stage.upstream.enqueue(hand.reply);
  hand.push(role(), say("Well"));
  return () => {
    hand.push(say(" said."), finish());
    hand.end();
  };
}

/** Opens a socket that is asked by hand. */
async function open() {
  const caller = await openSocketCaller(stage.backend.url, user.rest.token);
  const of = (id: number) => caller.messages.filter((message) => message.id === id);
  return {
    caller,
    of,
    send: (message: unknown) => caller.send(JSON.stringify(message)),
    /** The texts of an answer. */
    textOf: (id: number) =>
      of(id)
        .map(
          ({ result }) => (result?.data?.json as { data?: { text?: string } } | undefined)?.data?.text ?? "",
        )
        .join(""),
    untilStopped: (id: number) =>
      until(() => of(id).some(({ result }) => result?.type === "stopped"), `${id} to be stopped`),
  };
}

it("answers each call of a message that has several", async () => {
  const { caller, of, send, textOf, untilStopped } = await open();
  await using _ = caller;
  stage.upstream.enqueue(answer("Well said."));
  send([
    { id: 1, method: "query", params: { path: "auth.me" } },
    subscribe(2, await newQuestion()),
    { id: 3, method: "subscription", params: { path: "chat.nonsense" } },
    { id: 4, method: "subscription.stop" },
    { id: 5, method: "nonsense" },
  ]);
  // One that means nothing spoils those that tRPC reads with it, and no other.
  await untilStopped(2);
  expect(textOf(2)).toBe("Well said.");
  expect(of(3).map(({ error }) => error?.json.data.code)).toEqual(["NOT_FOUND"]);
  send([
    { id: 6, method: "query", params: { path: "auth.me" } },
    { id: 7, method: "subscription.stop" },
  ]);
  await until(() => of(6).length === 1, "the query to be answered");
  expect(of(6)[0]?.error).toBeUndefined();
});

it("keeps an id for the subscription that has it, and gives it free with its end", async () => {
  const { caller, of, send, textOf, untilStopped } = await open();
  await using _ = caller;
  const goOn = beginAnswer();
  send(subscribe(1, await newQuestion()));
  await until(() => textOf(1) === "Well", "the answer to begin");
  send(subscribe(1, await newQuestion()));
  await until(() => of(1).some(({ error }) => error !== undefined), "the second one to be refused");
  expect(of(1).find(({ error }) => error !== undefined)?.error?.json.data.code).toBe("BAD_REQUEST");
  goOn();
  await untilStopped(1);
  expect(textOf(1)).toBe("Well said.");
  stage.upstream.enqueue(answer("Again."));
  send(subscribe(1, await newQuestion()));
  await until(() => textOf(1) === "Well said.Again.", "the id to be taken again");
});

it("stops one and starts another in one message, and answers as JSON-RPC who asks so", async () => {
  const { caller, of, send, textOf, untilStopped } = await open();
  await using _ = caller;
  const goOn = beginAnswer();
  send({ ...subscribe(1, await newQuestion()), jsonrpc: "2.0" });
  await until(() => textOf(1) === "Well", "the answer to begin");
  stage.upstream.enqueue(answer("Another one."));
  send([{ id: 1, method: "subscription.stop" }, subscribe(2, await newQuestion())]);
  await untilStopped(1);
  await untilStopped(2);
  expect(textOf(2)).toBe("Another one.");
  expect(of(1).map((message) => (message as { jsonrpc?: string }).jsonrpc)).toEqual(of(1).map(() => "2.0"));
  expect(of(2).some((message) => "jsonrpc" in message)).toBe(false);
  goOn();
});

it("is understood by tRPC's own client", async () => {
  const socket = createWSClient({
    url: `${stage.backend.url.replace("http", "ws")}/trpc`,
    connectionParams: () => ({ token: user.rest.token ?? "" }),
  });
  const client = createTRPCClient<AppRouter>({ links: [wsLink({ client: socket, transformer: superjson })] });
  const follow = (input: Awaited<ReturnType<typeof newQuestion>>) => {
    const ended = Promise.withResolvers<string>();
    let text = "";
    client.chat.stream.subscribe(input, {
      onData: ({ data }) => {
        if (data.type === "text-delta") text += data.text;
      },
      onError: ended.reject,
      onComplete: () => ended.resolve(text),
    });
    return ended.promise;
  };
  const questions = [await newQuestion(), await newQuestion()] as const;
  stage.upstream.enqueue(answer("Well said."), answer("Well said."));
  // Its link sends what is asked in one moment in one message.
  const [me, ...texts] = await Promise.all([client.auth.me.query(), ...questions.map(follow)]);
  expect(me.username).toBeTypeOf("string");
  expect(texts).toEqual(["Well said.", "Well said."]);
  await expect(follow({ ...questions[0], message: "Another" })).rejects.toMatchObject({
    data: { reason: "conflict" },
  });
  await socket.close();
});
