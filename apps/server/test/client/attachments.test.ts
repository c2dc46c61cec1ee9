import { LlmBackendError, type LlmBackendErrorCode } from "@llm-backend/client";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readPrompt } from "../callers/chat-stage.ts";
import { addUser, setClientStage, type ClientStage, type StageUser } from "./client-stage.ts";

let stage: ClientStage;
let user: StageUser;
beforeAll(async () => {
  stage = await setClientStage({ backend: { config: { limits: { attachment_bytes_per_user_max: 5000 } } } });
  user = await stage.addUser();
});
afterAll(() => stage[Symbol.asyncDispose]());

async function codeOf(
  promise: Promise<unknown>,
): Promise<[LlmBackendErrorCode, boolean, number | undefined]> {
  try {
    await promise;
  } catch (error) {
    if (LlmBackendError.is(error)) return [error.code, error.retryable, error.httpStatus];
    throw error;
  }
  throw new Error("It did not fail.");
}

it("brings whatever a program holds, sends it, and reads it back", async () => {
  const { attachments, chat } = user.client;
  const contents = [
    new File(["a file"], "Grüße.txt"),
    new Blob(["a blob"]),
    new TextEncoder().encode("some bytes"),
    new TextEncoder().encode("a buffer").buffer,
    "a string",
  ];
  const sent = await Promise.all(
    contents.map((content) => attachments.upload(content, content instanceof File ? {} : { name: "b.txt" })),
  );
  expect(sent.map(({ name }) => name)).toEqual(["Grüße.txt", "b.txt", "b.txt", "b.txt", "b.txt"]);
  const [first] = sent;
  expect(first).toMatchObject({
    mediaType: "text/plain",
    bytes: 6,
    sha256: expect.stringMatching(/^\w{64}$/),
  });
  const stored = await user.client.attachment.get.query({ attachmentId: first?.attachmentId ?? "" });
  expect(stored).toMatchObject(first ?? {});
  const texts = sent.map(async ({ attachmentId }) => (await attachments.download(attachmentId)).text());
  expect(await Promise.all(texts)).toEqual(["a file", "a blob", "some bytes", "a buffer", "a string"]);
  const attachmentIds = sent.map(({ attachmentId }) => attachmentId);
  const { conversationId } = user;
  await chat.stream({ conversationId, message: "hi", attachmentIds }).result;
  expect(readPrompt(stage.upstream.calls.at(-1) ?? { body: {} }).at(-1)?.content).toContain("some bytes");
});

it("says what is wrong as every other call does", async () => {
  const { attachments } = user.client;
  const name = "a";
  expect(await codeOf(attachments.upload("no name"))).toEqual(["invalid_input", false, 400]);
  expect(await codeOf(attachments.upload(new Uint8Array([0]), { name }))).toEqual([
    "unsupported_media_type",
    false,
    415,
  ]);
  expect(await codeOf(attachments.upload("x".repeat(6000), { name }))).toEqual([
    "quota_exceeded",
    false,
    429,
  ]);
  expect(await codeOf(attachments.download("att_nobody"))).toEqual(["not_found", false, 404]);
  const signal = AbortSignal.abort();
  expect((await codeOf(attachments.upload("text", { name, signal })))[0]).toBe("cancelled");
});

it("asks once more with a new token where the old one is refused", async () => {
  let isRefused = false;
  const { client } = await addUser(stage.backend.url, {
    fetch: (url, init) => {
      const isUpload = url.endsWith("/api/attachments");
      if (!isUpload || isRefused) return fetch(url, init);
      isRefused = true;
      const headers = new Headers(init?.headers);
      headers.set("authorization", "Bearer expired");
      return fetch(url, { ...init, headers });
    },
  });
  expect((await client.attachments.upload("text", { name: "a" })).bytes).toBe(4);
  expect(isRefused).toBe(true);
  client.close();
});
