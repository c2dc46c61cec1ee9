import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { OpenSynthesiser } from "../../src/speech/open-synthesiser.ts";
import { createPackageSynthesiser } from "../../src/speech/package-synthesiser.ts";
import { createFrameReader, encodeFrame, type SynthesisFrame } from "../../src/speech/synthesiser-frames.ts";
import { toLoudness } from "./audio-stage.ts";

const losses: string[] = [];
let synthesiser: OpenSynthesiser;

beforeAll(() => {
  synthesiser = createPackageSynthesiser({
    voices: {},
    speed: 175,
    onLost: (reason) => losses.push(reason),
  });
});
afterAll(() => synthesiser.close());

const never = new AbortController().signal;

async function speak(text: string, more: { language?: string; voice?: string; signal?: AbortSignal } = {}) {
  const samples: number[] = [];
  const { language = "en", signal = never, voice } = more;
  for await (const sound of synthesiser.speak(text, { language, signal, voice, isAhead: false })) {
    expect(sound.rate).toBe(22_050);
    samples.push(...sound.samples);
  }
  return Int16Array.from(samples);
}

const isAsLong = (one: Int16Array, other: Int16Array): boolean =>
  Math.abs(one.length - other.length) < other.length / 50;

describe("the built-in synthesiser", () => {
  it("speaks, each language with its own voice", async () => {
    const [english, german, chinese] = [
      await speak("Good day"),
      await speak("Good day", { language: "de" }),
      await speak("你好", { language: "zh" }),
    ];
    for (const sound of [english, german, chinese]) expect(toLoudness(sound)).toBeGreaterThan(500);
    expect(german.length).not.toBe(english.length);
    // Sound is never twice the same to the sample.
    expect(isAsLong(await speak("Good day", { voice: "no such voice" }), english)).toBe(true);
  });

  it("says the same of the same text, whatever was said before", async () => {
    const text = "The same again.";
    const first = await speak(text);
    await speak("你好", { language: "zh" });
    expect(isAsLong(await speak(text), first)).toBe(true);
  });

  it.each(["", " ", "\n", "\0", "\ud800", "<speak>a</speak>", "a".repeat(5_000), "[[h@'loU]]"])(
    "takes any text: %j",
    async (text) => {
      await speak(text);
      expect(losses).toEqual([]);
    },
  );

  it("drops what was asked by those who have left", async () => {
    const long = "This is one of many long sentences that take some time to be made into sound. ".repeat(3);
    const leaving = new AbortController();
    const left = Array.from({ length: 300 }, () =>
      speak(long, { signal: leaving.signal }).catch((error: unknown) => error),
    );
    leaving.abort();
    const startedAt = performance.now();
    expect((await speak("Hello.")).length).toBeGreaterThan(0);
    // All of them would take more than ten seconds, on a machine that has nothing else to do.
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    expect(await Promise.all(left)).toEqual(
      Array.from(left, () => expect.objectContaining({ code: "cancelled" })),
    );
  });

  it("goes on in another process when one dies, also in the middle", async () => {
    await speak("Hello.");
    const { pid } = synthesiser;
    process.kill(pid ?? 0, "SIGKILL");
    const said = await Promise.all([speak("One."), speak("Two.")]);
    for (const sound of said) expect(toLoudness(sound)).toBeGreaterThan(500);
    expect(synthesiser.pid).not.toBe(pid);
    expect(losses).toEqual([expect.stringContaining("SIGKILL")]);
  });

  it("begins no sentence a second time of which something was heard", async () => {
    const options = { language: "en", signal: never, isAhead: false };
    const sound = synthesiser.speak("A long sentence. ".repeat(300), options);
    const speaking = sound[Symbol.asyncIterator]();
    expect((await speaking.next()).done).toBe(false);
    process.kill(synthesiser.pid ?? 0, "SIGKILL");
    const drain = async () => {
      while ((await speaking.next()).done !== true);
    };
    await expect(drain()).rejects.toMatchObject({ code: "upstream_unavailable" });
  });
});

describe("frames", () => {
  const frame: fc.Arbitrary<SynthesisFrame> = fc.oneof(
    fc.record({ type: fc.constant("ready" as const), rate: fc.integer({ min: 8000, max: 48_000 }) }),
    fc.record({
      type: fc.constant("sound" as const),
      id: fc.nat(),
      samples: fc.int16Array({ maxLength: 30 }),
    }),
    fc.record({ type: fc.constant("end" as const), id: fc.nat() }),
    fc.record({
      type: fc.constant("failure" as const),
      id: fc.nat(),
      message: fc.string({ unit: "grapheme" }),
    }),
  );

  it("are read as they were written, however their bytes come", () => {
    fc.assert(
      fc.property(
        fc.array(frame, { maxLength: 8 }),
        fc.array(fc.nat(20), { maxLength: 40 }),
        (frames, sizes) => {
          const bytes = Buffer.concat(frames.map(encodeFrame));
          const read = createFrameReader();
          let at = 0;
          const found = sizes.flatMap((size) => read(bytes.subarray(at, (at += size))));
          expect([...found, ...read(bytes.subarray(at))]).toEqual(frames);
        },
      ),
    );
  });
});
