import { silentPiece } from "./piece-cutter.ts";
import { pieceMs, type SpeechClock } from "./ports.ts";
import type { SpeechPiece } from "./to-pieces.ts";

/** Where pieces go. */
export type PieceOutlet = {
  /** Resolves when more can be taken, or with the signal. */
  write(piece: SpeechPiece, isLast: boolean): Promise<void>;
};

/** How pieces are played. */
export type Playing = {
  readonly outlet: PieceOutlet;
  readonly clock: SpeechClock;
  readonly leadMs: number;
  readonly signal: AbortSignal;
};

/** A piece is on its way so long before it is heard, at the least. */
const slackMs = 200;

/**
 * Hands pieces on at the speed at which they are heard, `leadMs` ahead of it. The last one says so: each is held back
 * until it is known whether another one follows, yet not so long that whoever plays them would notice.
 *
 * @throws whatever the pieces throw, when all before it have been handed on.
 */
export async function playPieces(pieces: AsyncIterable<SpeechPiece>, playing: Playing): Promise<void> {
  const { outlet, signal } = playing;
  const source = pieces[Symbol.asyncIterator]();
  const pace = createPace(playing);
  const left = toAborted(signal);
  let held: SpeechPiece | undefined;
  try {
    for (;;) {
      const next = watch(source.next());
      if (held !== undefined && (await pace.isDueBefore(next))) {
        await write(held, false);
        held = undefined;
      }
      const arrived = await Promise.race([next.result, left]);
      if (arrived === undefined || signal.aborted) return;
      if (arrived.done === true) break;
      if (held !== undefined) await write(held, false);
      held = arrived.value;
    }
    await write(held ?? { words: "", bytes: silentPiece() }, true);
  } catch (error) {
    // What came before the failure is heard.
    if (held !== undefined) await write(held, false);
    throw error;
  } finally {
    // Not waited for: what is under way ends with the signal.
    void source.return?.();
  }

  async function write(piece: SpeechPiece, isLast: boolean): Promise<void> {
    if (signal.aborted) return;
    pace.note();
    await outlet.write(piece, isLast);
  }
}

/** Resolves with the signal. */
function toAborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener("abort", () => resolve(undefined), { once: true });
  });
}

/** A result that can be asked whether it is there. */
type Watched<Result> = {
  readonly result: Promise<Result>;
  /** Resolves with it, and also where it fails. */
  readonly known: Promise<void>;
  isKnown(): boolean;
};

function watch<Result>(result: Promise<Result>): Watched<Result> {
  let isKnown = false;
  const settle = () => void (isKnown = true);
  return { result, known: result.then(settle, settle), isKnown: () => isKnown };
}

function createPace({ clock, leadMs, signal }: Playing) {
  /** When the first piece is heard, as if none had ever been late; undefined before it is sent. */
  let begin: number | undefined;
  let sent = 0;

  /** When the next piece is heard. What came too late is heard at once, and all behind it later. */
  const heardAt = (): number => {
    const now = clock.now();
    begin = Math.max(begin ?? now, now - sent * pieceMs);
    return begin + sent * pieceMs;
  };

  async function waitUnlessLate(known: Promise<void>): Promise<void> {
    const ms = heardAt() - Math.min(leadMs / 2, slackMs) - clock.now();
    // What is ready needs no more than a turn.
    if (ms <= 0) return void (await new Promise((resolve) => setImmediate(resolve)));
    const done = new AbortController();
    await Promise.race([known, clock.wait(ms, AbortSignal.any([signal, done.signal]))]);
    done.abort();
  }
  return {
    /** Waits until the next piece may be sent, and then whether it has to be before it is known what follows it. */
    async isDueBefore(next: Watched<unknown>): Promise<boolean> {
      const ms = heardAt() - leadMs - clock.now();
      if (ms > 0) await clock.wait(ms, signal);
      if (!next.isKnown()) await waitUnlessLate(next.known);
      return !next.isKnown();
    },
    note(): void {
      heardAt();
      sent++;
    },
  };
}
