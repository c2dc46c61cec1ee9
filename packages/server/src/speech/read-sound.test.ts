import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readSound } from "./read-sound.ts";

type Wav = {
  readonly kind?: number;
  readonly channels?: number;
  readonly bits?: number;
  readonly length?: number;
  readonly before?: Buffer;
};

function toWav(data: Buffer, { kind = 1, channels = 1, bits = 16, length, before }: Wav = {}): Buffer {
  const head = Buffer.alloc(36);
  head.write("RIFF????WAVEfmt ");
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(kind, 20);
  head.writeUInt16LE(channels, 22);
  head.writeUInt32LE(22_050, 24);
  head.writeUInt16LE((channels * bits) / 8, 32);
  head.writeUInt16LE(bits, 34);
  const dataHead = Buffer.alloc(8);
  dataHead.write("data");
  dataHead.writeUInt32LE(length ?? data.length, 4);
  return Buffer.concat([head, before ?? Buffer.alloc(0), dataHead, data]);
}

async function* inPieces(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Buffer> {
  let at = 0;
  for (const size of sizes) yield bytes.subarray(at, (at += size));
  yield bytes.subarray(at);
}

async function read(bytes: Buffer, sizes: readonly number[] = []) {
  const samples: number[] = [];
  let rate: number | undefined;
  for await (const sound of readSound(inPieces(bytes, sizes), 24_000)) {
    samples.push(...sound.samples);
    rate = sound.rate;
  }
  return { samples, rate };
}

const toBytes = (...samples: readonly number[]): Buffer => Buffer.from(Int16Array.from(samples).buffer);

describe("readSound", () => {
  it.each([
    ["plain samples", toBytes(1, -2, 32_767, -32_768), 24_000, [1, -2, 32_767, -32_768]],
    ["half a sample at the end", Buffer.concat([toBytes(5), Buffer.of(1)]), 24_000, [5]],
    ["a WAV", toWav(toBytes(1, 2, 3)), 22_050, [1, 2, 3]],
    ["a WAV in stereo", toWav(toBytes(10, 20, -10, -30), { channels: 2 }), 22_050, [15, -20]],
    ["a WAV of 8 bit", toWav(Buffer.of(128, 255, 0), { bits: 8 }), 22_050, [0, 32_512, -32_768]],
    ["a WAV of 24 bit", toWav(Buffer.of(0, 1, 0, 0, 0, 0x80), { bits: 24 }), 22_050, [1, -32_768]],
    [
      "a WAV of floats",
      toWav(Buffer.from(Float32Array.of(1, -1, 0.5, 9).buffer), { kind: 3, bits: 32 }),
      22_050,
      [32_767, -32_767, 16_384, 32_767],
    ],
    ["a WAV that does not know its length", toWav(toBytes(1, 2), { length: 0xffffffff }), 22_050, [1, 2]],
    ["a WAV that says it is empty", toWav(toBytes(1, 2), { length: 0 }), 22_050, [1, 2]],
    [
      "what stands behind a WAV's sound",
      Buffer.concat([toWav(toBytes(7)), Buffer.from("LIST")]),
      22_050,
      [7],
    ],
    [
      "a WAV with a description",
      toWav(toBytes(7), { before: Buffer.from("LIST\u0003\0\0\0abc\0") }),
      22_050,
      [7],
    ],
    ["nothing", Buffer.alloc(0), undefined, []],
  ])("reads %s", async (_name, bytes, rate, samples) => {
    expect(await read(bytes)).toEqual({ rate, samples });
  });

  it.each([
    ["a RIFF that is no WAV", Buffer.from("RIFF????AVI LIST")],
    ["a compressed WAV", toWav(toBytes(1), { kind: 85 })],
    ["a WAV without channels", toWav(toBytes(1), { channels: 0 })],
    ["a WAV without a format", Buffer.concat([Buffer.from("RIFF????WAVEdata\u0002\0\0\0"), toBytes(1)])],
    [
      "a head that does not end",
      Buffer.concat([Buffer.from("RIFF????WAVELIST\xff\xff\xff\x0f", "latin1"), Buffer.alloc(300_000)]),
    ],
  ])("refuses %s", async (_name, bytes) => {
    await expect(read(bytes)).rejects.toMatchObject({ code: "upstream_unavailable" });
  });

  it("reads the same, however the bytes come", async () => {
    const wav = toWav(toBytes(1, 3, 5, 7, 9, 11), { channels: 2, before: Buffer.from("LIST\u0002\0\0\0ab") });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(9), { maxLength: 12 }), async (sizes) => {
        expect((await read(wav, sizes)).samples).toEqual([2, 6, 10]);
      }),
    );
  });

  it("takes any bytes", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 80 }), fc.boolean(), async (bytes, isWav) => {
        const all = Buffer.concat([Buffer.from(isWav ? "RIFF????WAVE" : ""), bytes]);
        await read(all).catch((error: unknown) =>
          expect(error).toMatchObject({ code: "upstream_unavailable" }),
        );
      }),
    );
  });

  it("stops reading when its reader does", async () => {
    let isStopped = false;
    async function* endless(): AsyncGenerator<Buffer> {
      try {
        for (;;) yield Buffer.alloc(100);
      } finally {
        isStopped = true;
      }
    }
    for await (const _ of readSound(endless(), 16_000)) break;
    expect(isStopped).toBe(true);
  });
});
