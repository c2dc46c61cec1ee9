import { answer, fail, type Reply } from "@llm-backend/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readPrompt, setChatStage, type ChatStage, type StageUser } from "../callers/chat-stage.ts";
import { createConversation, readHistory } from "../callers/rest-caller.ts";
import { followRun, newRequestId, type Started } from "../chat/read-run.ts";
import { listFiles, upload } from "./attachment-stage.ts";
import { createPng } from "./file-bytes.ts";

type Shown = { attachmentId: string; name: string; mediaType: string; bytes: number };
type View = { messageId: string; role: string; attachments: Shown[] };

let stage: ChatStage;
let user: StageUser;

beforeAll(async () => {
  stage = await setChatStage({
    backend: {
      config: {
        chat: {
          system_prompt: "",
          models: {
            blind: { images: false },
            small: { context_tokens: 2000 },
          },
        },
        limits: { attachments_per_message_max: 3, attachment_bytes_per_message_max: 100_000 },
      },
    },
  });
  user = await stage.addUser();
});
afterAll(() => stage[Symbol.asyncDispose]());

const addFile = async (body: string | Uint8Array, name?: string) =>
  (await upload(user.rest, body, name)).attachment_id;
const addConversation = (model = "m") => createConversation(user.rest, { model });
const readViews = async (conversationId: number) =>
  (await user.trpc.query<{ messages: View[] }>("conversation.history", { conversationId })).messages;
const toUrl = (bytes: Uint8Array) => `data:image/png;base64,${Buffer.from(bytes).toString("base64")}`;

async function start(path: string, input: object, ...replies: Reply[]) {
  stage.upstream.enqueue(...replies);
  const calls = stage.upstream.calls.length;
  const started = await user.trpc.mutate<Started>(path, { requestId: newRequestId(), ...input });
  const events = await followRun(user.trpc, started.runId);
  const prompts = stage.upstream.calls.slice(calls).map((call) => readPrompt(call));
  return { ...started, ending: events.at(-1)?.event, prompts, prompt: prompts.at(-1) ?? [] };
}

const send = (conversationId: number, attachmentIds: readonly string[], ...replies: Reply[]) =>
  start("chat.send", { conversationId, message: "What is it?", attachmentIds }, ...replies);

describe("the files of a message", () => {
  it("are put before it: images as parts, texts between lines that name them", async () => {
    const cat = createPng(3, 4, "cat");
    const ids = [await addFile(cat, 'a "cat".png'), await addFile("\ufeffa,b\n1,2", "table.csv")];
    const { prompt } = await send(await addConversation(), ids);
    expect(prompt).toEqual([
      {
        role: "user",
        content: [
          { type: "text", text: 'Image "a \\"cat\\".png":' },
          { type: "image_url", image_url: { url: toUrl(cat) } },
          { type: "text", text: '<file name="table.csv">\na,b\n1,2\n</file>' },
          { type: "text", text: "What is it?" },
        ],
      },
    ]);
  });

  it("are one text where there is no image, which every upstream takes", async () => {
    const { prompt } = await send(await addConversation(), [await addFile("x = 1", "a.py")]);
    expect(prompt).toEqual([{ role: "user", content: '<file name="a.py">\nx = 1\n</file>\n\nWhat is it?' }]);
  });

  it("stay in the history, in every view, and in the prompts of what follows", async () => {
    const conversationId = await addConversation();
    const body = createPng(3, 4, "stays");
    const image = await addFile(body, "a.png");
    const text = await addFile("some text", "b.txt");
    await send(conversationId, [text, image], answer("A thing."));
    const shown = [
      { attachmentId: text, name: "b.txt", mediaType: "text/plain", bytes: 9 },
      { attachmentId: image, name: "a.png", mediaType: "image/png", bytes: body.length },
    ];
    expect((await readViews(conversationId)).map(({ attachments }) => attachments)).toEqual([shown, []]);
    const branch = await user.rest.get(`/api/conversations/branch/${conversationId}`);
    const { messages } = (await branch.json()) as {
      messages: { attachments: { attachment_id: string }[] }[];
    };
    expect(messages[0]?.attachments.map((file) => file.attachment_id)).toEqual([text, image]);
    expect((await readHistory(user.rest, conversationId))[0]?.content).toBe("What is it?");
    const { prompt } = await send(conversationId, []);
    expect(JSON.stringify(prompt)).toContain(toUrl(body));
    expect(prompt.map(({ content }) => typeof content)).toEqual(["object", "string", "string"]);
  });

  it("are sent over REST, too", async () => {
    const conversationId = await addConversation();
    const id = await addFile("over REST");
    const reply = await user.rest.post(`/api/chat/${conversationId}`, {
      message: "hi",
      attachment_ids: [id],
    });
    await reply.text();
    expect(reply.status).toBe(200);
    expect(readPrompt(stage.upstream.calls.at(-1) ?? { body: {} })[0]?.content).toContain("over REST");
    const [message] = await readViews(conversationId);
    const edited = await user.rest.post(`/api/chat/edit/${conversationId}`, {
      message_id: message?.messageId,
      message: "again",
      attachment_ids: [],
    });
    await edited.text();
    expect((await readViews(conversationId))[0]?.attachments).toEqual([]);
  });

  it("are part of what a request asks for: the same request id with others is refused", async () => {
    const conversationId = await addConversation();
    const ids = [await addFile("one"), await addFile("two")];
    const input = { conversationId, requestId: newRequestId(), message: "hi", attachmentIds: ids };
    const first = await user.trpc.mutate<Started>("chat.send", input);
    expect((await user.trpc.mutate<Started>("chat.send", input)).runId).toBe(first.runId);
    for (const attachmentIds of [ids.toReversed(), [], undefined])
      expect((await user.trpc.tryMutate("chat.send", { ...input, attachmentIds })).status).toBe(409);
    await followRun(user.trpc, first.runId);
  });

  it("can be all there is of a message, on every face, and name the conversation", async () => {
    const created = await user.trpc.mutate<{ conversationId: number }>("conversation.create", { model: "m" });
    const { conversationId } = created;
    const dog = createPng(3, 4, "dog");
    const [image, text] = [await addFile(dog, "dog.png"), await addFile("x = 2", "b.py")];
    const alone = { message: "", attachmentIds: [image] };
    const asked = await start("chat.send", { conversationId, ...alone }, answer("A dog."));
    const parts = [
      { type: "text", text: 'Image "dog.png":' },
      { type: "image_url", image_url: { url: toUrl(dog) } },
    ];
    expect(asked.prompt).toEqual([{ role: "user", content: parts }]);
    expect(await user.trpc.query("conversation.get", { conversationId })).toMatchObject({ title: "dog.png" });

    const { userMessageId: messageId } = asked;
    const edited = await start("chat.edit", { conversationId, messageId, message: "" });
    expect(edited.prompt).toEqual(asked.prompt);
    const reply = await user.rest.post(`/api/chat/${conversationId}`, {
      message: "",
      attachment_ids: [text],
    });
    await reply.text();
    expect(reply.status).toBe(200);
    const prompt = readPrompt(stage.upstream.calls.at(-1) ?? { body: {} });
    expect(prompt.at(-1)).toEqual({ role: "user", content: '<file name="b.py">\nx = 2\n</file>' });
    expect((await readViews(conversationId)).map(({ attachments }) => attachments.length)).toEqual([
      1, 0, 1, 0,
    ]);

    // Nothing is left of it then, and a message without anything is none to a model.
    await user.rest.post(`/api/attachments/del/${image}`);
    const { prompt: without } = await send(conversationId, []);
    expect(without[0]).toEqual({ role: "user", content: "[The files of this message were removed.]" });
  });

  it("have to be there where there is no text", async () => {
    const conversationId = await addConversation();
    const said = await start("chat.send", { conversationId, message: "hi" });
    const statuses = [
      await user.trpc.tryMutate("chat.send", { conversationId, requestId: newRequestId(), message: "" }),
      await user.trpc.tryMutate("chat.edit", {
        conversationId,
        requestId: newRequestId(),
        messageId: said.userMessageId,
        message: "",
      }),
    ].map(({ status }) => status);
    const reply = await user.rest.post(`/api/chat/${conversationId}`, { message: "", attachment_ids: [] });
    expect([...statuses, reply.status]).toEqual([400, 400, 400]);
  });

  it("have to be the sender's own, named once, and not too many", async () => {
    const conversationId = await addConversation();
    const foreign = (await upload((await stage.addUser()).rest, "foreign")).attachment_id;
    const mine = await addFile("mine");
    const big = [await addFile("x".repeat(60_000)), await addFile("y".repeat(60_000))];
    const many = [mine, ...(await Promise.all(["1", "2", "3"].map((text) => addFile(text))))];
    const statuses: number[] = [];
    for (const attachmentIds of [
      [foreign],
      ["att_01m8162cr78f5ff3q8t9eqs0ta"],
      [mine, mine],
      ["../x"],
      big,
      many,
    ]) {
      const input = { conversationId, requestId: newRequestId(), message: "hi", attachmentIds };
      statuses.push((await user.trpc.tryMutate("chat.send", input)).status);
    }
    expect(statuses).toEqual([404, 404, 400, 400, 413, 413]);
    expect(await readViews(conversationId)).toEqual([]);
  });
});

describe("another version of a message", () => {
  it("keeps the files, or has others, or none", async () => {
    const conversationId = await addConversation();
    const [one, two] = [await addFile("file one"), await addFile("file two")];
    const { userMessageId: messageId } = await send(conversationId, [one]);
    const edit = async (given: object) =>
      (await start("chat.edit", { conversationId, messageId, message: "other words", ...given })).prompt[0]
        ?.content;
    expect(await edit({})).toContain("file one");
    expect(await edit({ attachmentIds: [two] })).toContain("file two");
    expect(await edit({ attachmentIds: [] })).toBe("other words");
    const [shown] = await readViews(conversationId);
    expect(shown?.attachments).toEqual([]);
  });

  it("has the files when it is answered again, and in a fork, which keeps them when the first one goes", async () => {
    const conversationId = await addConversation();
    const id = await addFile("for ever mine");
    const { assistantMessageId: messageId } = await send(conversationId, [id]);
    expect((await start("chat.regenerate", { conversationId, messageId })).prompt[0]?.content).toContain(
      "for ever",
    );
    const fork = await user.trpc.mutate<{ conversationId: number }>("conversation.fork", {
      conversationId,
      messageId,
    });
    await user.trpc.mutate("conversation.remove", { conversationId });
    expect((await readViews(fork.conversationId))[0]?.attachments[0]?.attachmentId).toBe(id);
    expect((await send(fork.conversationId, [])).prompt[0]?.content).toContain("for ever mine");
    await user.trpc.mutate("conversation.remove", { conversationId: fork.conversationId });
    expect((await user.rest.get(`/api/attachments/${id}`)).status).toBe(404);
  });
});

describe("a model that takes no images", () => {
  const refusals = [
    "Invalid content type. image_url is only supported by certain models.",
    "Failed to deserialize the JSON body into the target type: messages[0]: unknown variant `image_url`, expected `text`",
    "This model does not support image inputs",
    "a-model is not a multimodal model",
    "At most 0 image(s) may be provided in one request.",
    "Image input is not enabled for this model",
    "messages[0].content must be a string",
  ];

  it.each(refusals)("is asked again without them, and never with them again: %s", async (message) => {
    const conversationId = await addConversation(`learns ${message.slice(0, 20)}`);
    const id = await addFile(createPng(3, 4, message), "a.png");
    const refused = await send(
      conversationId,
      [id],
      fail(400, { error: { message } }),
      answer("I cannot see it."),
    );
    expect(refused.ending).toMatchObject({ type: "run-done" });
    expect(refused.prompts).toHaveLength(2);
    const without = {
      role: "user",
      content: 'Image "a.png":\n\n[An image stood here; this model takes none.]\n\nWhat is it?',
    };
    expect(refused.prompts[1]).toEqual([without]);
    const next = await send(conversationId, [id]);
    expect(next.prompts).toHaveLength(1);
    expect(next.prompt[0]).toEqual(without);
  });

  it("is asked once more also where it calls that a failure of its own", async () => {
    const id = await addFile(createPng(3, 4, "500"));
    const message =
      "image input is not supported - hint: if this is unexpected, you may need to provide the mmproj";
    const asked = await send(
      await addConversation("llama"),
      [id],
      fail(500, { error: { message } }),
      answer("No."),
    );
    expect([asked.ending?.type, asked.prompts.length]).toEqual(["run-done", 2]);
  });

  it.each([
    "Could not process image",
    "Invalid image: the image is too large",
    "image_url: cannot be fetched",
  ])("is not what refuses one image: %s", async (message) => {
    const id = await addFile(createPng(3, 4, message));
    const asked = await send(await addConversation("sees"), [id], fail(400, { error: { message } }));
    expect([asked.ending?.type, asked.prompts.length]).toEqual(["run-error", 1]);
  });

  it("is never asked with them where the configuration says so", async () => {
    const id = await addFile(createPng(3, 4, "blind"), "a.png");
    const { prompt } = await send(await addConversation("blind"), [id]);
    expect(prompt[0]?.content).toBe('[Image "a.png": left out]\n\nWhat is it?');
  });
});

describe("a prompt", () => {
  it("counts what files cost: older turns are left out for them", async () => {
    const conversationId = await addConversation("small");
    await send(conversationId, [await addFile("x ".repeat(2000), "long.txt")], answer("long"));
    const second = await send(conversationId, [await addFile(createPng(900, 900))], answer("image"));
    expect(JSON.stringify(second.prompt)).not.toContain("long.txt");
  });

  it("has the newest images, as many as may be, and names the others", async () => {
    const conversationId = await addConversation();
    for (const name of ["first.png", "second.png"])
      await send(conversationId, [await addFile(createPng(3, 4, name.repeat(6000)), name)], answer("ok"));
    const { prompt } = await send(conversationId, []);
    expect(prompt[0]?.content).toBe('[Image "first.png": left out]\n\nWhat is it?');
    expect(JSON.stringify(prompt[2]?.content)).toContain("image_url");
  });

  it("goes on without a file that was removed", async () => {
    const conversationId = await addConversation();
    const id = await addFile("soon gone");
    await send(conversationId, [id]);
    await user.rest.post(`/api/attachments/del/${id}`);
    expect((await readViews(conversationId))[0]?.attachments).toEqual([]);
    expect((await send(conversationId, [])).prompt[0]?.content).toBe("What is it?");
  });
});

it("leaves nothing of a user who is gone", async () => {
  await using own = await setChatStage();
  const leaver = await own.addUser();
  const { attachment_id: id } = await upload(leaver.rest, "gone with me");
  await upload(leaver.rest, "never sent");
  const conversationId = await createConversation(leaver.rest);
  const started = await leaver.trpc.mutate<Started>("chat.send", {
    conversationId,
    requestId: newRequestId(),
    message: "hi",
    attachmentIds: [id],
  });
  await followRun(leaver.trpc, started.runId);
  expect(listFiles(own.backend.dataFolder).settled).toHaveLength(2);
  await leaver.trpc.mutate("auth.deleteAccount", { password: "correct horse battery" });
  await own.backend.server.backend.services.attachments.sweep();
  expect(listFiles(own.backend.dataFolder)).toEqual({ incoming: [], settled: [] });
});
