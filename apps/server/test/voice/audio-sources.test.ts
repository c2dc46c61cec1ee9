import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  answer,
  answerAsAsked,
  createFakeUpstream,
  event,
  fail,
  finish,
  head,
  page,
  role,
  say,
  stall,
  startBackend,
  toDeltaChunk,
  type Call,
  type Reply,
} from "@llm-backend/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { callerToken, setStage, type OpenAiStage } from "../openai/openai-stage.ts";
import { askAudio, atOnce, toBytes, toHertz, toLoudness, toTone, type HeardSpeech } from "./audio-stage.ts";
import { readRecords } from "./voice-stage.ts";

const isSpeech = (call: Call): boolean => call.path.endsWith("/audio/speech");
const fields = (call: Call | undefined) => (call?.body ?? {}) as Readonly<Record<string, unknown>>;

/** A chunk of a model that speaks itself. */
const sing = (audio: object) =>
  event(JSON.parse(toDeltaChunk("fake-model", { audio: { id: "audio_theirs", ...audio } })));

const toBase64 = (samples: Int16Array): string => toBytes(samples).toString("base64");

describe("prepared files", () => {
  it("answer every call while both are there, to the last sample", async () => {
    const data = await mkdtemp(join(tmpdir(), "prepared-"));
    await using upstream = await createFakeUpstream({ logsModelLists: false });
    const config = {
      authorization: callerToken,
      speech: { ...atOnce, prepared: { text: join(data, "a.txt"), sound: join(data, "a.pcm") } },
    };
    await using backend = await startBackend({ upstreams: [upstream.url], config });
    const sound = toBytes(toTone(440, 16_000, 0.4));
    await writeFile(join(data, "a.pcm"), sound);
    await askAudio(backend.url);
    expect(upstream.calls).toHaveLength(1);
    await writeFile(join(data, "a.txt"), "What is said.\nAnd more.\n");
    const heard = await askAudio(backend.url);
    expect(heard.transcript).toBe("What is said.\nAnd more.\n");
    expect(Buffer.concat(heard.pieces.map(({ bytes }) => bytes)).equals(sound)).toBe(true);
    expect([heard.hasDone, heard.chunks.at(-1)?.choices?.[0]?.finish_reason]).toEqual([true, "stop"]);
    expect(upstream.calls).toHaveLength(1);
    await rm(data, { recursive: true });
  });

  it("are file.txt and file.pcm of the data folder, and are resampled where they have to be", async () => {
    await using backend = await startBackend({
      config: { authorization: callerToken, speech: { ...atOnce, prepared: { sample_rate: 24_000 } } },
    });
    await writeFile(join(backend.dataFolder, "file.txt"), "A tone.");
    await writeFile(join(backend.dataFolder, "file.pcm"), toBytes(toTone(440, 24_000, 1)));
    const heard = await askAudio(backend.url);
    expect(heard.pieces).toHaveLength(25);
    expect(toHertz(heard.samples)).toBeCloseTo(440, -1);
    const { records } = backend.server.backend.services;
    await records.flush();
    const [record] = (await records.list({ limit: 1 })).records;
    expect([record?.status, record?.path]).toEqual([200, "/audio/chat/completions"]);
    // Words to be spoken as they are, are no question that a file could answer.
    const spoken = await askAudio(backend.url, { messages: [{ role: "assistant", content: "Welcome" }] });
    expect(spoken.transcript).toBe("Welcome");
  });
});

describe("a model that speaks itself", () => {
  let stage: OpenAiStage;
  beforeAll(async () => {
    stage = await setStage({ config: { speech: { ...atOnce, audio_models: ["*-sings"] } } });
  });
  afterAll(() => stage[Symbol.asyncDispose]());

  const tone = toTone(1000, 24_000, 1);
  const reply: Reply = {
    steps: [
      role(),
      sing({ transcript: "La " }),
      sing({ data: toBase64(tone.subarray(0, 12_000)) }),
      sing({ transcript: "la." }),
      sing({ data: toBase64(tone.subarray(12_000)) }),
      finish(),
    ],
  };
  const wanted = { modalities: ["text", "audio"], audio: { voice: "verse", format: "wav" } };

  it("is heard at 16 kHz, with its own words", async () => {
    stage.upstream.setReply(reply);
    const heard = await askAudio(stage.backend.url, { ...wanted, model: "m1" });
    expect(heard.transcript).toBe("La la.");
    expect(heard.pieces).toHaveLength(25);
    expect(toHertz(heard.samples)).toBeCloseTo(1000, -1);
    expect(toLoudness(heard.samples)).toBeGreaterThan(6_500);
    expect(heard.hasDone).toBe(true);
    expect(fields(stage.upstream.calls.at(-1))).toMatchObject({
      modalities: ["text", "audio"],
      audio: { voice: "verse", format: "pcm16" },
      stream: true,
    });
  });

  it("is asked to where the configuration says so", async () => {
    stage.upstream.setReply(reply);
    const heard = await askAudio(stage.backend.url, { model: "fake-sings" });
    expect(heard.transcript).toBe("La la.");
    expect(fields(stage.upstream.calls.at(-1))).toMatchObject({ audio: { voice: "alloy", format: "pcm16" } });
  });

  it("may tear samples apart, and may write its words as text", async () => {
    const bytes = toBytes(tone);
    stage.upstream.setReply({
      steps: [
        role(),
        say("La la la."),
        sing({ data: bytes.subarray(0, 9_999).toString("base64") }),
        sing({ data: bytes.subarray(9_999).toString("base64") }),
        finish(),
      ],
    });
    const heard = await askAudio(stage.backend.url, { ...wanted, model: "m2" });
    expect([heard.transcript, heard.pieces.length]).toEqual(["La la la.", 25]);
    expect(toHertz(heard.samples)).toBeCloseTo(1000, -1);
  });

  it("that has no sound of its own is spoken for, and is not asked for sound again", async () => {
    stage.upstream.setReply(answer("No sound of my own."));
    const before = stage.upstream.calls.length;
    for (const _ of [1, 2]) {
      const heard = await askAudio(stage.backend.url, { ...wanted, model: "m3" });
      expect(heard.transcript).toBe("No sound of my own.");
      expect(toLoudness(heard.samples)).toBeGreaterThan(500);
    }
    const asked = stage.upstream.calls.slice(before).map((call) => fields(call)["modalities"]);
    expect(asked).toEqual([["text", "audio"], undefined]);
  });

  it("that refuses the wish is asked for text", async () => {
    stage.upstream.setReply((call) =>
      fields(call)["modalities"] === undefined
        ? answer("Only text.")
        : fail(400, { error: { message: "This model takes no modalities." } }),
    );
    const before = new Set((await readRecords(stage)).map(({ recordId }) => recordId));
    const heard = await askAudio(stage.backend.url, { ...wanted, model: "m4" });
    expect([heard.status, heard.transcript, heard.hasDone]).toEqual([200, "Only text.", true]);
    // Each question is a record of its own.
    const records = (await readRecords(stage)).filter(({ recordId }) => !before.has(recordId));
    expect(records.map(({ path, status }) => [path, status])).toEqual([
      ["/audio/chat/completions", 200],
      ["/audio/chat/completions", 400],
    ]);
    expect(records[0]?.voice).toMatchObject({ face: "audio", requestId: records[1]?.recordId });
  });

  it("that breaks off ends with an error, and not as a whole answer", async () => {
    stage.upstream.setReply({
      steps: [role(), sing({ transcript: "La" }), sing({ data: toBase64(tone) }), { do: "reset" }],
    });
    const heard = await askAudio(stage.backend.url, { ...wanted, model: "m5" });
    expect(heard.pieces.length).toBeGreaterThanOrEqual(24);
    expect(heard.hasDone).toBe(false);
    expect(heard.chunks.at(-1)?.error?.message).toBeTypeOf("string");
  });
});

describe("an upstream's /audio/speech", () => {
  const rate = 24_000;
  const toSpeech = (call: Call): Reply => {
    // As long as its text, so that samples tell which text was spoken.
    const seconds = String(fields(call)["input"]).length / 50;
    return page("audio/pcm", toBytes(toTone(500, rate, seconds)));
  };
  let stage: OpenAiStage;
  let text: string;
  let speech: (call: Call) => Reply;

  beforeAll(async () => {
    stage = await setStage({
      config: { speech: { ...atOnce, upstream: { model: "fake-tts", voice: "nova" } } },
    });
    stage.upstream.setReply((call) => (isSpeech(call) ? speech(call) : answerAsAsked(text)(call)));
  });
  beforeEach(() => {
    text = "The first **sentence**. The second one.";
    speech = toSpeech;
  });
  afterAll(() => stage[Symbol.asyncDispose]());

  const ask = async (more: object = {}): Promise<[HeardSpeech, Call[]]> => {
    const before = stage.upstream.calls.length;
    const heard = await askAudio(stage.backend.url, { ...more });
    return [heard, stage.upstream.calls.slice(before).filter(isSpeech)];
  };

  it("speaks sentence by sentence, each with its words", async () => {
    const [heard, calls] = await ask();
    expect(calls.map(fields)).toEqual([
      { model: "fake-tts", input: "The first sentence.", voice: "nova", response_format: "pcm" },
      { model: "fake-tts", input: "The second one.", voice: "nova", response_format: "pcm" },
    ]);
    expect(heard.transcript).toBe(text);
    // 19 and 15 characters: 380 and 300 ms, in whole pieces.
    expect(heard.pieces).toHaveLength(10 + 8);
    expect(toHertz(heard.samples.subarray(0, 6_000))).toBeCloseTo(500, -1);
    const second = heard.chunks.findLastIndex(({ choices }) => choices?.[0]?.delta.audio?.transcript);
    const before = heard.chunks.slice(0, second).filter(({ choices }) => choices?.[0]?.delta.audio?.data);
    expect(before).toHaveLength(10);
  });

  it("is paid for and recorded like every other call", async () => {
    await ask();
    const paths = (await readRecords(stage)).slice(0, 3).map(({ path }) => path);
    expect(paths.filter((path) => path?.endsWith("/audio/speech"))).toHaveLength(2);
  });

  it("uses the caller's voice", async () => {
    const [, calls] = await ask({ audio: { voice: "echo" } });
    expect(fields(calls[0])["voice"]).toBe("echo");
  });

  it("may answer with a WAV of any rate and two channels", async () => {
    speech = () => page("audio/wav", toWav(toTone(500, 48_000, 0.5)));
    text = "A tone.";
    const [heard] = await ask();
    expect(heard.pieces).toHaveLength(13);
    expect(toHertz(heard.samples.subarray(0, 7_900))).toBeCloseTo(500, -1);
  });

  it.each([
    ["refuses", () => fail(400)],
    ["is down", () => fail(503)],
    ["sends a page", () => page("text/html", "<p>no</p>")],
    ["sends what cannot be played", () => page("audio/mpeg", Buffer.alloc(2000, 1))],
    ["sends a broken WAV", () => page("audio/wav", "RIFF0000NOPE0000000000000000")],
  ] as const)("that %s gives way to the built-in synthesiser", async (_name, reply) => {
    speech = reply;
    const [heard, calls] = await ask();
    expect(calls).toHaveLength(1);
    expect([heard.transcript, heard.hasDone]).toEqual([text, true]);
    expect(toLoudness(heard.samples)).toBeGreaterThan(500);
  });

  it("is left at once by a caller who hangs up", async () => {
    speech = () => ({ headers: { "content-type": "audio/pcm" }, steps: [head(), stall()] });
    const leaving = new AbortController();
    const before = stage.upstream.calls.length;
    const asked = askAudio(stage.backend.url, {}, { signal: leaving.signal }).catch(() => undefined);
    const findCall = () => stage.upstream.calls.slice(before).find(isSpeech);
    await expect.poll(findCall, { interval: 2 }).toBeDefined();
    leaving.abort();
    expect((await findCall()?.closed)?.by).toBe("client");
    await asked;
  });

  it("that fails when sound has left ends the answer with an error", async () => {
    speech = (call) => (String(fields(call)["input"]).includes("second") ? fail(500) : toSpeech(call));
    const [heard] = await ask();
    expect(heard.pieces.length).toBeGreaterThanOrEqual(9);
    expect(heard.hasDone).toBe(false);
    expect(heard.chunks.at(-1)?.error).toMatchObject({ code: "upstream_unavailable" });
  });
});

function toWav(samples: Int16Array): Buffer {
  const both = Int16Array.from({ length: 2 * samples.length }, (_, index) => samples[index >> 1] as number);
  const riff = Buffer.alloc(44);
  riff.write("RIFF", 0);
  riff.write("WAVEfmt ", 8);
  riff.writeUInt32LE(16, 16);
  riff.writeUInt16LE(1, 20);
  riff.writeUInt16LE(2, 22);
  riff.writeUInt32LE(48_000, 24);
  riff.writeUInt16LE(4, 32);
  riff.writeUInt16LE(16, 34);
  riff.write("data", 36);
  // A stream does not know its length.
  riff.writeUInt32LE(0xffffffff, 40);
  return Buffer.concat([riff, toBytes(both)]);
}
