import { DomainError } from "@llm-backend/contract";
import type { Sound, SpeakOptions } from "@llm-backend/server";
import { toEspeakVoice } from "./espeak-voices.ts";
import type { OpenSynthesiser, VoiceOptions } from "./open-synthesiser.ts";
import { takeTurn, type SentenceTurn, type TurnQueue } from "./sentence-turn.ts";
import type { SynthesisFrame } from "./synthesiser-frames.ts";
import { startSynthesiserProcess, type SynthesiserProcess } from "./synthesiser-process-handle.ts";

/** What the process is watched with. */
export type PackageSynthesiserOptions = VoiceOptions & {
  /** Learns why a process ended that was not told to. */
  readonly onLost: (reason: string) => void;
};

/** A process that says nothing for so long is lost. */
const silenceMs = 10_000;
/** So often processes may be lost in a row before they are left alone for a while. */
const lossesMax = 3;
const restMs = 10_000;
/** A sentence of which nothing has been heard is begun so often. */
const triesMax = 2;

const toLost = () => new DomainError("upstream_unavailable", "The built-in synthesiser is not available.");

/**
 * Creates the synthesiser that speaks by way of a process of its own: started when it is first needed, kept, and
 * replaced when it is lost. It makes one sentence at a time, which takes it a small part of the time to hear one.
 */
export function createPackageSynthesiser(options: PackageSynthesiserOptions): OpenSynthesiser {
  return new PackageSynthesiser(options);
}

class PackageSynthesiser implements OpenSynthesiser, TurnQueue {
  readonly #options: PackageSynthesiserOptions;
  readonly #waiting: SentenceTurn[] = [];
  #process: SynthesiserProcess | undefined;
  /** Samples a second; undefined until the process can be asked. */
  #rate: number | undefined;
  #current: SentenceTurn | undefined;
  #watchdog: NodeJS.Timeout | undefined;
  #losses = 0;
  #restsUntil = 0;
  #isClosed = false;

  constructor(options: PackageSynthesiserOptions) {
    this.#options = options;
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  speak(text: string, options: SpeakOptions): AsyncIterable<Sound> {
    return takeTurn(this, text, options);
  }

  warm(): void {
    if (this.#process !== undefined || this.#isClosed || performance.now() < this.#restsUntil) return;
    const process = startSynthesiserProcess((frame) => {
      if (this.#process === process) this.#receive(frame);
    });
    this.#process = process;
    this.#watch();
    void process.ready.then((info) => {
      if (info === undefined || this.#process !== process) return;
      this.#rate = info.rate;
      clearTimeout(this.#watchdog);
      this.#next();
    });
    void process.exited.then((reason) => {
      if (this.#process === process) this.#lose(reason);
    });
  }

  add(turn: SentenceTurn): void {
    this.#waiting.push(turn);
    this.warm();
    if (this.#process === undefined) this.#refuseAll();
    else this.#next();
  }

  remove(turn: SentenceTurn): void {
    const place = this.#waiting.indexOf(turn);
    if (place !== -1) this.#waiting.splice(place, 1);
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#watchdog);
    this.#process?.kill();
    this.#process = undefined;
    this.#current?.end(toLost());
    this.#refuseAll();
  }

  #next(): void {
    if (this.#current !== undefined || this.#rate === undefined || this.#waiting.length === 0) return;
    const turn = this.#waiting.reduce((first, one) => (one.rank < first.rank ? one : first));
    this.remove(turn);
    this.#current = turn;
    turn.tries++;
    const { voices, speed } = this.#options;
    const voice = turn.options.voice ?? toEspeakVoice(turn.options.language, voices);
    this.#process?.ask({ id: turn.id, text: turn.text, voice, speed });
    this.#watch();
  }

  #receive(frame: SynthesisFrame): void {
    const turn = this.#current;
    if (frame.type === "ready" || turn?.id !== frame.id) return;
    if (frame.type === "sound") {
      this.#losses = 0;
      // What has been heard is not said again.
      turn.tries = triesMax;
      turn.take({ rate: this.#rate ?? 0, samples: frame.samples });
      return this.#watch();
    }
    clearTimeout(this.#watchdog);
    this.#current = undefined;
    turn.end(frame.type === "failure" ? toLost() : undefined);
    this.#next();
  }

  #lose(reason: string): void {
    clearTimeout(this.#watchdog);
    this.#process = undefined;
    this.#rate = undefined;
    this.#options.onLost(reason);
    if (++this.#losses >= lossesMax) {
      this.#losses = 0;
      this.#restsUntil = performance.now() + restMs;
    }
    const turn = this.#current;
    this.#current = undefined;
    if (turn !== undefined && turn.tries < triesMax) this.#waiting.push(turn);
    else turn?.end(toLost());
    if (this.#waiting.length > 0) this.warm();
    if (this.#process === undefined) this.#refuseAll();
  }

  #refuseAll(): void {
    for (const turn of this.#waiting.splice(0)) turn.end(toLost());
  }

  #watch(): void {
    clearTimeout(this.#watchdog);
    this.#watchdog = setTimeout(() => this.#process?.kill(), silenceMs);
  }
}
