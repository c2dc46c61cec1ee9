/**
 * The process of the built-in synthesiser: it reads requests from its input and writes sound to its output, one request
 * after the other, and ends with its input. eSpeak NG comes under the GPL: nothing of it is loaded anywhere else.
 */
import { createInterface } from "node:readline";
import { encodeFrame, type SynthesisFrame, type SynthesisRequest } from "./synthesiser-frames.ts";

/** As much of the package as is used; it has no types of its own. */
type EspeakModule = { readonly eSpeakNGWorker: new () => PromiseLike<Espeak> };
type Espeak = {
  get_samplerate(): number;
  /** Not 0: there is no such voice. */
  set_voice(name: string): number;
  set_rate(wordsPerMinute: number): void;
  /** Calls back for each piece of sound, before it returns; true ends it. */
  synthesize(text: string, take: (samples: Int16Array) => boolean): void;
};

/** It may be missing: whoever does not want the GPL takes it out. */
const packageName: string = "@echogarden/espeak-ng-emscripten";

const fallbackVoice = "en-us";

/** Resolves when the frame has been taken off our hands. */
function send(frame: SynthesisFrame): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(encodeFrame(frame), (error) => (error ? reject(error) : resolve()));
  });
}

async function serve(): Promise<void> {
  const { default: initialise } = (await import(packageName)) as { default: () => Promise<EspeakModule> };
  const { eSpeakNGWorker: Worker } = await initialise();
  // The constructor gives a promise of the object.
  const espeak = await new Worker();
  const speak = (
    { text, voice, speed }: Omit<SynthesisRequest, "id">,
    take: (samples: Int16Array) => void,
  ) => {
    if (espeak.set_voice(voice) !== 0) espeak.set_voice(fallbackVoice);
    espeak.set_rate(speed);
    espeak.synthesize(text, (samples) => {
      if (samples.length > 0) take(samples);
      return false;
    });
  };
  await send({ type: "ready", rate: espeak.get_samplerate() });

  for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line) as SynthesisRequest;
    const { id } = request;
    try {
      let sent = Promise.resolve();
      speak(request, (samples) => (sent = send({ type: "sound", id, samples })));
      await sent;
      await send({ type: "end", id });
    } catch (error) {
      await send({ type: "failure", id, message: String(error) });
    }
  }
}

await serve();
