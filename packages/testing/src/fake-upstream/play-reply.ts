import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { CallEntry } from "./call-log.ts";
import { toBody, toBuffer } from "./openai-frames.ts";
import type { Reply, Step, WaitStep } from "./reply-steps.ts";
import { createReplyWriter, turn, type ReplyWriter } from "./reply-writer.ts";

/** What a reply is played on. */
export type Stage = {
  readonly socket: Socket;
  readonly call: CallEntry;
  /** Resolves when the socket is closed, by whichever side. */
  readonly gone: Promise<unknown>;
  readonly gate: (name: string) => Promise<void>;
  /** Says that the upstream, not the client, ends the connection. */
  readonly markOwnEnd: () => void;
};

function waitFor(step: WaitStep, stage: Stage): Promise<unknown> {
  if ("gate" in step) return stage.gate(step.gate);
  return "until" in step ? step.until : sleep(step.ms);
}

function modelOf(body: unknown): string {
  const model = typeof body === "object" && body !== null && "model" in body ? body.model : undefined;
  return typeof model === "string" ? model : "fake-model";
}

function endSocket(stage: Stage, how: "end" | "reset"): void {
  stage.markOwnEnd();
  if (how === "end") stage.socket.end();
  else stage.socket.resetAndDestroy();
}

type Play = { readonly stage: Stage; readonly writer: ReplyWriter; readonly model: string };

/** Plays one step; `false` when the reply ends with it. */
async function playStep(step: Step, { stage, writer, model }: Play): Promise<boolean> {
  switch (step.do) {
    case "head":
      await writer.head();
      return true;
    case "wire":
      await writer.wire(toBuffer(step.bytes));
      return true;
    case "wait":
      await Promise.race([waitFor(step, stage), stage.gone]);
      return true;
    case "stall":
      await stage.gone;
      return false;
    case "reset":
      endSocket(stage, "reset");
      return false;
    case "cut":
      if (step.terminated) await writer.end();
      endSocket(stage, "end");
      return false;
    default:
      await playBody(step, writer, model);
      return true;
  }
}

async function playBody(step: Step, writer: ReplyWriter, model: string): Promise<void> {
  const writes = toBody(step, model);
  for (const bytes of writes) {
    await writer.body(bytes);
    if (writes.length > 1) await turn();
  }
}

/** Plays a reply to its end; `true` when the connection can take another request. */
export async function playReply(stage: Stage, reply: Reply): Promise<boolean> {
  const model = modelOf(stage.call.body);
  const onWrite = (bytes: number): void => {
    stage.call.bytesWritten += bytes;
  };
  const writer = createReplyWriter({ socket: stage.socket, model, onWrite }, reply);
  for await (const step of reply.steps) {
    if (stage.socket.destroyed || !(await playStep(step, { stage, writer, model }))) return false;
  }
  await writer.end();
  if (reply.keepAlive !== false && reply.framing !== "eof") return !stage.socket.destroyed;
  endSocket(stage, "end");
  return false;
}
