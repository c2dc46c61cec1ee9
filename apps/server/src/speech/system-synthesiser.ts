import { spawn } from "node:child_process";
import { DomainError } from "@llm-backend/contract";
import { readSound, type Sound, type SpeakOptions } from "@llm-backend/server";
import { toEspeakVoice } from "./espeak-voices.ts";
import type { OpenSynthesiser, VoiceOptions } from "./open-synthesiser.ts";
import { takeTurn, type SentenceTurn } from "./sentence-turn.ts";

/** The program, and how it speaks. */
export type SystemSynthesiserOptions = VoiceOptions & {
  /** Its name or path. */
  readonly command: string;
};

/** So many run at the same time. */
const programsMax = 4;
const espeakRate = 22_050;
const programMs = 30_000;

/** Creates the synthesiser that starts the system's own `espeak-ng` for each sentence. */
export function createSystemSynthesiser(options: SystemSynthesiserOptions): OpenSynthesiser {
  const closing = new AbortController();
  const waiting: SentenceTurn[] = [];
  let running = 0;

  function next(): void {
    if (running >= programsMax || waiting.length === 0) return;
    const turn = waiting.reduce((first, one) => (one.rank < first.rank ? one : first));
    remove(turn);
    running++;
    void speakWith(options, turn, closing.signal).finally(() => {
      running--;
      next();
    });
  }

  function remove(turn: SentenceTurn): void {
    const place = waiting.indexOf(turn);
    if (place !== -1) waiting.splice(place, 1);
  }

  const queue = {
    remove,
    add(turn: SentenceTurn) {
      waiting.push(turn);
      next();
    },
  };
  return {
    speak: (text: string, asked: SpeakOptions): AsyncIterable<Sound> => takeTurn(queue, text, asked),
    warm() {},
    pid: undefined,
    close: () => closing.abort(),
  };
}

async function speakWith(
  { command, voices, speed }: SystemSynthesiserOptions,
  { text, options, take, end }: SentenceTurn,
  closing: AbortSignal,
): Promise<void> {
  const voice = options.voice ?? toEspeakVoice(options.language, voices);
  const signal = AbortSignal.any([options.signal, closing, AbortSignal.timeout(programMs)]);
  try {
    const child = spawn(command, ["-v", voice, "-s", String(speed), "--stdin", "--stdout"], {
      stdio: ["pipe", "pipe", "ignore"],
      signal,
      killSignal: "SIGKILL",
    });
    const failed = new Promise<never>((_, reject) => child.once("error", reject));
    failed.catch(() => undefined);
    // Whoever does not read his input has a reason, which shows otherwise.
    child.stdin.on("error", () => {});
    child.stdin.end(text);
    let heard = 0;
    for await (const sound of readSound(child.stdout, espeakRate)) {
      heard += sound.samples.length;
      take(sound);
    }
    if (heard === 0) await Promise.race([failed, new Promise((resolve) => setImmediate(resolve))]);
    end(heard === 0 ? new DomainError("upstream_unavailable", `${command} made no sound.`) : undefined);
  } catch (error) {
    end(new DomainError("upstream_unavailable", `${command} could not speak.`, { cause: error }));
  }
}
