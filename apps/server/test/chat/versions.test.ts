import { answer, role, say, stall } from "@llm-backend/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readPrompt, setChatStage, until, type ChatStage, type StageUser } from "../callers/chat-stage.ts";
import { createConversation } from "../callers/rest-caller.ts";
import { followRun, newRequestId, readMessages, type Started } from "./read-run.ts";

let stage: ChatStage;
let user: StageUser;

beforeAll(async () => {
  stage = await setChatStage();
  user = await stage.addUser();
});
afterAll(() => stage[Symbol.asyncDispose]());

const newConversation = () => createConversation(user.rest);

/** Starts an answer that says this, and waits for its end. */
async function start(path: string, text: string, input: Readonly<Record<string, unknown>>): Promise<Started> {
  stage.upstream.enqueue(answer(text));
  const started = await user.trpc.mutate<Started>(path, { requestId: newRequestId(), ...input });
  await followRun(user.trpc, started.runId);
  return started;
}

const select = (conversationId: number, messageId: string) =>
  user.trpc.mutate<{ headMessageId: string; updatedAt: string }>("conversation.selectVersion", {
    conversationId,
    messageId,
  });
/** What the upstream was asked last, without the system prompt. */
const readAsked = () =>
  readPrompt(stage.upstream.calls.at(-1) ?? { body: {} })
    .filter((message) => message.role !== "system")
    .map(({ content }) => content);
const readTexts = async (conversationId: number) =>
  (await readMessages(user.trpc, conversationId)).map(({ content }) => content);

describe("conversation.selectVersion", () => {
  it("shows each version with all that was said below it, and is where the next message goes", async () => {
    const conversationId = await newConversation();
    const first = await start("chat.send", "one", { conversationId, message: "What?" });
    await start("chat.send", "more", { conversationId, message: "And?" });
    const again = { conversationId, messageId: first.assistantMessageId };
    const second = await start("chat.regenerate", "two", again);
    expect(await readTexts(conversationId)).toEqual(["What?", "two"]);
    await select(conversationId, first.assistantMessageId);
    expect(await readTexts(conversationId)).toEqual(["What?", "one", "And?", "more"]);
    const shown = await readMessages(user.trpc, conversationId);
    expect(shown[1]?.siblingIds).toEqual([first.assistantMessageId, second.assistantMessageId]);
    await start("chat.send", "last", { conversationId, message: "So?" });
    expect(readAsked()).toEqual(["What?", "one", "And?", "more", "So?"]);
    await select(conversationId, second.assistantMessageId);
    expect(await readTexts(conversationId)).toEqual(["What?", "two"]);
  });

  it("finds what was last shown below a version, not what was made last", async () => {
    const conversationId = await newConversation();
    const first = await start("chat.send", "one", { conversationId, message: "A" });
    const { assistantMessageId: older } = await start("chat.send", "older", { conversationId, message: "B" });
    await start("chat.regenerate", "newer", { conversationId, messageId: older });
    await select(conversationId, older);
    const edited = { conversationId, messageId: first.userMessageId, message: "A2" };
    const other = await start("chat.edit", "two", edited);
    expect(await readTexts(conversationId)).toEqual(["A2", "two"]);
    await select(conversationId, first.userMessageId ?? "");
    expect(await readTexts(conversationId)).toEqual(["A", "one", "B", "older"]);
    // A version that is made now is shown, whatever was chosen before.
    await start("chat.regenerate", "newest", { conversationId, messageId: older });
    await select(conversationId, other.userMessageId ?? "");
    await select(conversationId, first.userMessageId ?? "");
    expect(await readTexts(conversationId)).toEqual(["A", "one", "B", "newest"]);
  });

  it("keeps the whole way to a version that is deep in a hidden branch, however it came to be shown", async () => {
    const conversationId = await newConversation();
    const first = await start("chat.send", "one", { conversationId, message: "A" });
    const old = await start("chat.send", "old", { conversationId, message: "B" });
    const edited = { conversationId, messageId: old.userMessageId, message: "B2" };
    const newer = await start("chat.edit", "new", edited);
    const other = await start("chat.edit", "two", {
      conversationId,
      messageId: first.userMessageId,
      message: "A2",
    });
    const goAwayAndBack = async () => {
      for (const { userMessageId } of [other, first]) await select(conversationId, userMessageId ?? "");
      return readTexts(conversationId);
    };

    await select(conversationId, old.assistantMessageId);
    expect(await goAwayAndBack()).toEqual(["A", "one", "B", "old"]);
    await select(conversationId, other.userMessageId ?? "");
    const again = { conversationId, messageId: newer.assistantMessageId };
    await start("chat.regenerate", "newest", again);
    expect(await goAwayAndBack()).toEqual(["A", "one", "B2", "newest"]);
    await select(conversationId, other.userMessageId ?? "");
    await start("chat.send", "last", { conversationId, message: "C", parentId: old.assistantMessageId });
    expect(await goAwayAndBack()).toEqual(["A", "one", "B", "old", "C", "last"]);
  });

  it("shows in an imported conversation what was shown where it comes from", async () => {
    const conversationId = await newConversation();
    const first = await start("chat.send", "one", { conversationId, message: "A" });
    await start("chat.regenerate", "two", { conversationId, messageId: first.assistantMessageId });
    await select(conversationId, first.assistantMessageId);
    const exported = await user.trpc.query<{ document: object }>("conversation.export", { conversationId });
    const { conversation } = await user.trpc.mutate<{ conversation: { conversationId: number } }>(
      "conversation.import",
      { document: exported.document },
    );
    const copyId = conversation.conversationId;
    const [question] = await readMessages(user.trpc, copyId);
    await select(copyId, question?.messageId ?? "");
    expect(await readTexts(copyId)).toEqual(["A", "one"]);
  });

  it("changes neither the tree nor the conversation's place in time", async () => {
    const conversationId = await newConversation();
    const first = await start("chat.send", "one", { conversationId, message: "What?" });
    await start("chat.regenerate", "two", { conversationId, messageId: first.assistantMessageId });
    const before = await user.trpc.query<{ updatedAt: string }>("conversation.get", { conversationId });
    const after = await select(conversationId, first.assistantMessageId);
    expect(after).toEqual({ ...before, headMessageId: first.assistantMessageId });
    expect(await select(conversationId, first.assistantMessageId)).toEqual(after);
  });

  it("lets an answer that is being written go on where it is", async () => {
    const conversationId = await newConversation();
    const first = await start("chat.send", "one", { conversationId, message: "What?" });
    stage.upstream.enqueue({ steps: [role(), say("half"), stall()] });
    const input = { conversationId, messageId: first.assistantMessageId, requestId: newRequestId() };
    const { runId, assistantMessageId } = await user.trpc.mutate<Started>("chat.regenerate", input);
    await until(async () => (await readTexts(conversationId)).at(-1) === "half", "the first piece");
    await select(conversationId, first.assistantMessageId);
    expect(await user.trpc.query("chat.get", { runId })).toMatchObject({ state: "streaming" });
    expect(await user.trpc.mutate("chat.stop", { runId })).toMatchObject({ state: "stopped" });
    await select(conversationId, assistantMessageId);
    expect(await readTexts(conversationId)).toEqual(["What?", "half"]);
  });

  it("knows neither foreign conversations nor messages of others", async () => {
    const conversationId = await newConversation();
    const { assistantMessageId: messageId } = await start("chat.send", "one", {
      conversationId,
      message: "What?",
    });
    const other = await stage.addConversation();
    const refused = [
      await other.trpc.tryMutate("conversation.selectVersion", { conversationId, messageId }),
      await other.trpc.tryMutate("conversation.selectVersion", {
        conversationId: other.conversationId,
        messageId,
      }),
    ];
    expect(refused.map(({ error }) => error?.data.reason)).toEqual(["not_found", "not_found"]);
  });
});

describe("regenerating with another model", () => {
  it("asks that model once, and leaves the conversation's as it is", async () => {
    const conversationId = await newConversation();
    const first = await start("chat.send", "one", { conversationId, message: "What?" });
    await start("chat.regenerate", "two", {
      conversationId,
      messageId: first.assistantMessageId,
      model: "another-model",
    });
    expect(stage.upstream.calls.at(-1)?.body).toMatchObject({ model: "another-model" });
    await start("chat.send", "three", { conversationId, message: "And?" });
    expect(stage.upstream.calls.at(-1)?.body).toMatchObject({ model: "a-model" });
    const conversation = await user.trpc.query("conversation.get", { conversationId });
    expect(conversation).toMatchObject({ model: "a-model" });
  });
});
