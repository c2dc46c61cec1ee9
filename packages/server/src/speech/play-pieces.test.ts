import { describe, expect, it } from "vitest";
import { createArrivals, type Arrivals } from "./arrivals.ts";
import { playPieces } from "./play-pieces.ts";
import type { SpeechClock } from "./ports.ts";
import type { SpeechPiece } from "./to-pieces.ts";

/** A clock that goes on when everybody who could do something has done it. */
function createHandClock() {
  let now = 0;
  const waiting: { readonly at: number; readonly go: () => void }[] = [];
  const clock: SpeechClock = {
    now: () => now,
    wait: (ms, signal) =>
      new Promise((resolve) => {
        waiting.push({ at: now + ms, go: resolve });
        signal.addEventListener("abort", () => resolve(), { once: true });
      }),
  };
  const settle = async () => {
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  };
  return {
    clock,
    settle,
    async goTo(time: number) {
      for (;;) {
        await settle();
        const next = waiting.toSorted((a, b) => a.at - b.at)[0];
        if (next === undefined || next.at > time) break;
        waiting.splice(waiting.indexOf(next), 1);
        now = Math.max(now, next.at);
        next.go();
      }
      now = time;
      await settle();
    },
  };
}

type Sent = { readonly at: number; readonly number: number; readonly isLast: boolean };

function setUp(leadMs = 400, hold?: (sent: number) => Promise<void> | undefined) {
  const hand = createHandClock();
  const arrivals: Arrivals<SpeechPiece> = createArrivals();
  const leaving = new AbortController();
  const sent: Sent[] = [];
  const played = playPieces(arrivals, {
    clock: hand.clock,
    leadMs,
    signal: leaving.signal,
    outlet: {
      async write({ bytes }, isLast) {
        sent.push({ at: hand.clock.now(), number: bytes[0] ?? -1, isLast });
        await hold?.(sent.length);
      },
    },
  });
  played.catch(() => undefined);
  let made = 0;
  return {
    ...hand,
    sent,
    played,
    leaving,
    arrivals,
    times: () => sent.map(({ at }) => at),
    make(count: number) {
      for (let left = count; left > 0; left--)
        arrivals.push({ words: "", bytes: Buffer.alloc(4, (made++ % 250) + 1) });
    },
  };
}

describe("playPieces", () => {
  it("sends what is heard in the lead at once, and then a piece every 40 ms", async () => {
    const stage = setUp();
    stage.make(50);
    stage.arrivals.end();
    await stage.goTo(10_000);
    const expected = Array.from({ length: 50 }, (_, index) => Math.max(0, index * 40 - 400));
    expect(stage.times()).toEqual(expected);
    expect(stage.sent.map(({ isLast }) => isLast)).toEqual(expected.map((_, index) => index === 49));
    await stage.played;
  });

  it("sends the first piece though nothing has followed it yet", async () => {
    const stage = setUp();
    stage.make(1);
    await stage.goTo(0);
    expect(stage.sent).toMatchObject([{ at: 0, isLast: false }]);
    stage.arrivals.end();
    await stage.played;
    // The end needs a piece that says so.
    expect(stage.sent).toMatchObject([{ isLast: false }, { number: 0, isLast: true }]);
  });

  it("waits for what follows a piece, but not until it is too late to be heard in time", async () => {
    const stage = setUp();
    stage.make(20);
    await stage.goTo(10_000);
    // The last one is heard at 760 ms.
    expect(stage.sent.at(-1)).toMatchObject({ at: 560, isLast: false });
  });

  it("says of the last piece that it is the last where its end is told in time", async () => {
    const stage = setUp();
    stage.make(20);
    await stage.goTo(500);
    stage.arrivals.end();
    await stage.goTo(10_000);
    expect(stage.sent).toHaveLength(20);
    expect(stage.sent.at(-1)).toMatchObject({ isLast: true });
  });

  it("makes up for no time in which there was nothing to hear", async () => {
    const stage = setUp();
    stage.make(10);
    await stage.goTo(5_000);
    stage.make(30);
    stage.arrivals.end();
    await stage.goTo(20_000);
    expect(stage.times().slice(10)).toEqual(
      Array.from({ length: 30 }, (_, index) => 5_000 + Math.max(0, index * 40 - 400)),
    );
  });

  it("does not flood a reader who was slow", async () => {
    const gate = Promise.withResolvers<void>();
    const stage = setUp(400, (sent) => (sent === 5 ? gate.promise : undefined));
    stage.make(60);
    stage.arrivals.end();
    await stage.goTo(8_000);
    expect(stage.sent).toHaveLength(5);
    gate.resolve();
    await stage.goTo(8_000);
    // What is heard in the lead, from the piece that came too late on.
    expect(stage.sent.length).toBeLessThanOrEqual(5 + 11);
    await stage.goTo(20_000);
    expect(stage.sent).toHaveLength(60);
  });

  it("ends at once when the caller leaves, whatever it waits for", async () => {
    for (const time of [0, 300, 5_000]) {
      const stage = setUp();
      stage.make(20);
      await stage.goTo(time);
      const before = stage.sent.length;
      stage.leaving.abort();
      await stage.played;
      stage.make(20);
      await stage.goTo(20_000);
      expect(stage.sent).toHaveLength(before);
    }
  });

  it("tells all that came before a failure, and then the failure", async () => {
    const stage = setUp();
    stage.make(3);
    stage.arrivals.fail(new Error("broken"));
    await stage.goTo(5_000);
    await expect(stage.played).rejects.toThrow("broken");
    expect(stage.sent.map(({ isLast }) => isLast)).toEqual([false, false, false]);
  });

  it("stops reading its source", async () => {
    let isStopped = false;
    async function* endless(): AsyncGenerator<SpeechPiece> {
      try {
        for (;;) yield { words: "", bytes: Buffer.alloc(4) };
      } finally {
        isStopped = true;
      }
    }
    const { clock, goTo } = createHandClock();
    const leaving = new AbortController();
    const played = playPieces(endless(), {
      clock,
      leadMs: 400,
      signal: leaving.signal,
      outlet: { write: () => Promise.resolve() },
    });
    await goTo(1_000);
    leaving.abort();
    await played;
    await goTo(1_000);
    expect(isStopped).toBe(true);
  });
});
