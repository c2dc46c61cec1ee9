import type { Step } from "./reply-steps.ts";

/** One Server-Sent Events frame. */
export function toFrame(data: string, event?: string): string {
  return event === undefined ? `data: ${data}\n\n` : `event: ${event}\ndata: ${data}\n\n`;
}

/** One `chat.completion.chunk`, in the order of fields that OpenAI uses. */
export function toChunk(
  model: string,
  choices: readonly unknown[],
  rest: Readonly<Record<string, unknown>> = {},
): string {
  return JSON.stringify({
    id: "chatcmpl-fake0000000000000000000000",
    object: "chat.completion.chunk",
    created: 1_760_000_000,
    model,
    system_fingerprint: "fp_fake",
    choices,
    ...rest,
  });
}

/** A chunk that carries one delta. */
export function toDeltaChunk(model: string, delta: Readonly<Record<string, unknown>>): string {
  return toChunk(model, [{ index: 0, delta, logprobs: null, finish_reason: null }]);
}

function finishFrames(step: Extract<Step, { do: "finish" }>, model: string): string {
  const frames: string[] = [];
  if (step.reason !== null) {
    const last = { index: 0, delta: {}, logprobs: null, finish_reason: step.reason };
    frames.push(toFrame(toChunk(model, [last])));
  }
  if (step.usage !== null) frames.push(toFrame(toChunk(model, [], { usage: step.usage })));
  if (step.done) frames.push(toFrame("[DONE]"));
  return frames.join("");
}

/** The bytes of a string or an array of bytes. */
export function toBuffer(bytes: string | Uint8Array): Buffer {
  return typeof bytes === "string" ? Buffer.from(bytes) : Buffer.from(bytes);
}

/** The bytes of the body that a step stands for, one entry for each write; none for steps that write no body. */
export function toBody(step: Step, model: string): Buffer[] {
  switch (step.do) {
    case "role":
      return [Buffer.from(toFrame(toDeltaChunk(model, { role: "assistant", content: "" })))];
    case "say": {
      const frames = step.pieces.map((piece) =>
        Buffer.from(toFrame(toDeltaChunk(model, { [step.as]: piece }))),
      );
      return step.apart ? frames : [Buffer.concat(frames)];
    }
    case "event":
      return [Buffer.from(toFrame(JSON.stringify(step.data), step.event))];
    case "comment":
      return [Buffer.from(`: ${step.text}\n\n`)];
    case "finish":
      return [Buffer.from(finishFrames(step, model))];
    case "raw":
      return [toBuffer(step.bytes)];
    default:
      return [];
  }
}

/** The whole body that these steps would write. */
export function renderBody(steps: readonly Step[], model = "fake-model"): Buffer {
  return Buffer.concat(steps.flatMap((step) => toBody(step, model)));
}
