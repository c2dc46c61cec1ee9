import { createHash } from "node:crypto";
import { page } from "@llm-backend/testing";
import { toFile } from "openai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { setStage, type OpenAiStage } from "./openai-stage.ts";
import { readMultipart } from "./read-multipart.ts";

let stage: OpenAiStage;

beforeAll(async () => {
  stage = await setStage();
});
afterAll(() => stage[Symbol.asyncDispose]());

const json = (value: unknown) => page("application/json", JSON.stringify(value));
const lastCall = () => stage.upstream.calls.at(-1) as NonNullable<(typeof stage.upstream.calls)[number]>;
const noise = (bytes: number) =>
  Buffer.from(Array.from({ length: bytes }, (_, index) => (index * 7919) % 251));
const toHash = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

describe("embeddings of the official client", () => {
  const vector = [0.25, -1.5, 3];
  const encoded = Buffer.from(new Float32Array(vector).buffer).toString("base64");
  const list = (embedding: unknown) =>
    json({
      object: "list",
      model: "fake-embedder",
      data: [{ object: "embedding", index: 0, embedding }],
      usage: { prompt_tokens: 1, total_tokens: 1 },
    });

  it("are asked for as base64, as it does by itself, and read from that", async () => {
    stage.upstream.setReply(list(encoded));
    const { data, usage } = await stage.client().embeddings.create({ model: "fake-embedder", input: "x" });
    expect(lastCall().body).toMatchObject({ encoding_format: "base64", input: "x" });
    expect(data[0]?.embedding).toEqual(vector);
    expect(usage.total_tokens).toBe(1);
  });

  it("are read as numbers where that was asked for", async () => {
    stage.upstream.setReply(list(vector));
    const { data } = await stage
      .client()
      .embeddings.create({ model: "fake-embedder", input: ["x"], encoding_format: "float" });
    expect(data[0]?.embedding).toEqual(vector);
  });
});

describe("sounds of the official client", () => {
  it("go up as a file and come back as text", async () => {
    stage.upstream.setReply(json({ text: "hello there", usage: { type: "duration", seconds: 1 } }));
    const sound = noise(70_000);
    const file = await toFile(sound, "speech Ł.mp3", { type: "audio/mpeg" });
    const { text } = await stage
      .client()
      .audio.transcriptions.create({ model: "whisper-1", file, language: "en" });
    expect(text).toBe("hello there");
    const parts = readMultipart(lastCall());
    expect(parts.find(({ name }) => name === "model")?.bytes.toString()).toBe("whisper-1");
    expect(parts.find(({ name }) => name === "file")?.bytes.equals(sound)).toBe(true);
    expect(lastCall().path).toBe("/v1/audio/transcriptions");
  });

  it("are made from text", async () => {
    const sound = noise(300_000);
    stage.upstream.setReply(page("audio/mpeg", sound));
    const answer = await stage
      .client()
      .audio.speech.create({ model: "tts-1", voice: "alloy", input: "Hello" });
    expect(answer.headers.get("content-type")).toBe("audio/mpeg");
    expect(toHash(Buffer.from(await answer.arrayBuffer()))).toBe(toHash(sound));
    expect(lastCall().headers["accept"]).toBe("application/octet-stream");
  });

  it("are transcribed as a stream of events", async () => {
    const events = [
      { type: "transcript.text.delta", delta: "hel" },
      { type: "transcript.text.delta", delta: "lo" },
      { type: "transcript.text.done", text: "hello" },
    ];
    const body = events.map((one) => `data: ${JSON.stringify(one)}\n\n`).join("");
    stage.upstream.setReply(page("text/event-stream", body));
    const stream = await stage.client().audio.transcriptions.create({
      model: "gpt-4o-transcribe",
      file: await toFile(noise(100), "a.wav"),
      stream: true,
    });
    expect(await Array.fromAsync(stream)).toEqual(events);
  });
});

describe("pictures of the official client", () => {
  const picture = json({ created: 1, data: [{ b64_json: noise(1000).toString("base64") }] });

  it("are made from text", async () => {
    stage.upstream.setReply(picture);
    const { data } = await stage.client().images.generate({ model: "gpt-image-1", prompt: "a cat" });
    expect(Buffer.from(data?.[0]?.b64_json ?? "", "base64").equals(noise(1000))).toBe(true);
  });

  it("are edited, with several of them going up", async () => {
    stage.upstream.setReply(picture);
    const image = [
      await toFile(noise(5000), "a.png", { type: "image/png" }),
      await toFile(noise(6000), "b.png", { type: "image/png" }),
    ];
    await stage.client().images.edit({ model: "gpt-image-1", image, prompt: "a hat" });
    const pictures = readMultipart(lastCall()).filter(({ name }) => name === "image[]");
    expect(pictures.map(({ bytes }) => bytes.length)).toEqual([5000, 6000]);
  });
});

describe("files of the official client", () => {
  const file = {
    id: "file-1",
    object: "file",
    bytes: 3,
    created_at: 1,
    filename: "a.jsonl",
    purpose: "batch",
  };

  it("go up, are looked at, listed, and taken away", async () => {
    stage.upstream.setReply(json(file));
    const { files } = stage.client();
    const content = Buffer.from('{"a":1}\n');
    expect(await files.create({ file: await toFile(content, "a.jsonl"), purpose: "batch" })).toMatchObject(
      file,
    );
    expect(
      readMultipart(lastCall())
        .find(({ name }) => name === "file")
        ?.bytes.equals(content),
    ).toBe(true);

    expect(await files.retrieve("file-1")).toMatchObject(file);
    expect([lastCall().method, lastCall().path]).toEqual(["GET", "/v1/files/file-1"]);

    stage.upstream.setReply(({ path }) =>
      json({
        object: "list",
        data: [path.includes("after=") ? { ...file, id: "file-2" } : file],
        has_more: !path.includes("after="),
      }),
    );
    const ids: string[] = [];
    for await (const { id } of files.list({ limit: 1, purpose: "batch" })) ids.push(id);
    expect(ids).toEqual(["file-1", "file-2"]);
    expect(lastCall().path).toMatch(/^\/v1\/files\?.*after=file-1/);

    stage.upstream.setReply(json({ id: "file-1", object: "file", deleted: true }));
    expect(await files.delete("file-1")).toMatchObject({ deleted: true });
    expect(lastCall().method).toBe("DELETE");
  });

  it.each(["application/octet-stream", "application/jsonl", "application/json", "text/plain"])(
    "come down byte for byte: %s",
    async (type) => {
      const bytes = noise(200_000);
      stage.upstream.setReply(page(type, bytes));
      const answer = await stage.client().files.content("file-1");
      expect(toHash(Buffer.from(await answer.arrayBuffer()))).toBe(toHash(bytes));
      expect(lastCall().path).toBe("/v1/files/file-1/content");
    },
  );
});

describe("models of the official client", () => {
  it("are the upstream's where nobody else says what there is", async () => {
    const ids: string[] = [];
    for await (const { id } of stage.client().models.list()) ids.push(id);
    expect(ids).toEqual(["fake-model"]);
  });

  it("are those that the configuration names, each to be looked at by its name", async () => {
    await using named = await setStage({
      entries: [{ models: ["org/model-a:free", "model-b"], aliases: { fast: "model-b" } }],
    });
    const { models } = named.client();
    const ids = (await Array.fromAsync(models.list())).map(({ id }) => id);
    expect(ids).toEqual(expect.arrayContaining(["org/model-a:free", "model-b", "fast"]));
    expect(await models.retrieve("org/model-a:free")).toMatchObject({
      id: "org/model-a:free",
      object: "model",
    });
    await expect(models.retrieve("model-z")).rejects.toMatchObject({ status: 404 });
  });
});
