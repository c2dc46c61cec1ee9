import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createResampler } from "./resampler.ts";

const loud = 16_000;

function toSine(hertz: number, rate: number, seconds = 0.4): Int16Array {
  return Int16Array.from({ length: Math.round(rate * seconds) }, (_, index) =>
    Math.round(loud * Math.sin((2 * Math.PI * hertz * index) / rate)),
  );
}

function resample(samples: Int16Array, from: number, to: number): Int16Array {
  const resampler = createResampler(from, to);
  return Int16Array.from([...resampler.push(samples), ...resampler.end()]);
}

/** How loud it is against the sine that went in, in decibels; without the ends, where the sine begins and breaks off. */
function toDecibels(samples: Int16Array): number {
  const middle = samples.subarray(800, -800);
  const power = middle.reduce((sum, sample) => sum + sample * sample, 0) / middle.length;
  return 10 * Math.log10((2 * power) / loud ** 2 + 1e-12);
}

const rates = [8_000, 11_025, 22_050, 24_000, 44_100, 48_000];

describe("createResampler", () => {
  it.each([8_100, 8_500, 9_000, 10_000, 11_000])(
    "keeps %i Hz of 22,050 out of 16,000, where it would come back as another tone",
    (hertz) => {
      expect(toDecibels(resample(toSine(hertz, 22_050), 22_050, 16_000))).toBeLessThan(-60);
    },
  );

  it.each([24_000, 44_100, 48_000])("keeps out of 16,000 what only %i can hold", (from) => {
    expect(toDecibels(resample(toSine(9_500, from), from, 16_000))).toBeLessThan(-60);
  });

  it.each(rates.flatMap((from) => [100, 1_000, 3_000].map((hertz) => [hertz, from] as const)))(
    "leaves %i Hz of %i as they are, in place and in strength",
    (hertz, from) => {
      const output = resample(toSine(hertz, from), from, 16_000);
      const expected = toSine(hertz, 16_000);
      expect(output.length).toBe(expected.length);
      for (let index = 800; index < output.length - 800; index++)
        expect(Math.abs((output[index] ?? 0) - (expected[index] ?? 0))).toBeLessThan(loud * 0.002);
    },
  );

  it("makes no mirror images of a sound of a lower rate", () => {
    const output = resample(toSine(3_000, 8_000), 8_000, 16_000);
    const wanted = toSine(3_000, 16_000);
    const rest = output.map((sample, index) => sample - (wanted[index] ?? 0));
    expect(toDecibels(rest)).toBeLessThan(-60);
  });

  it("does not clip over, at the loudest either", () => {
    const square = Int16Array.from({ length: 22_050 }, (_, index) => (index % 100 < 50 ? 32_767 : -32_768));
    const output = resample(square, 22_050, 16_000);
    // Behind an edge the sign stays what it was.
    expect(output.filter((sample) => sample > 20_000).length).toBeGreaterThan(6_000);
    expect(output.filter((sample) => sample < -20_000).length).toBeGreaterThan(6_000);
  });

  it("gives the same, however the sound is cut into pieces", () => {
    const sound = toSine(440, 22_050, 0.1);
    const whole = resample(sound, 22_050, 16_000);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 900 }), { maxLength: 8 }), (sizes) => {
        const resampler = createResampler(22_050, 16_000);
        const output: number[] = [];
        let at = 0;
        for (const size of sizes) output.push(...resampler.push(sound.subarray(at, (at += size))));
        output.push(...resampler.push(sound.subarray(at)), ...resampler.end());
        expect(Int16Array.from(output)).toEqual(whole);
      }),
    );
  });
});
