import type { AnswerProgress } from "../answer/answer-reader.ts";
import { readUsage } from "../answer/usage.ts";
import type { AnswerReceiver } from "../attempt/answer-receiver.ts";
import type { AnswerHeaders } from "../failure/retry-after.ts";
import type { Outlet } from "./outlet.ts";
import { toCallerHeaders } from "./wire-headers.ts";

/** So much of a JSON answer is held, so that one that breaks off never reaches the caller. */
const heldBytesMax = 1024 * 1024;
/** Of a longer document the usage is not worth parsing it all. */
const parsedBytesMax = 256 * 1024;

/**
 * Creates the receiver of an answer that is not understood: files, sounds, lists. Bytes pass as they are; JSON is held
 * until it is complete, as long as it is not too long for that.
 */
export function createBytesReceiver(outlet: Outlet): AnswerReceiver {
  const progress: AnswerProgress = {
    hasContent: false,
    isDone: false,
    finishReason: undefined,
    finishStoodAlone: false,
    model: undefined,
    usage: undefined,
    framesMalformed: 0,
    fault: undefined,
  };
  let status = 200;
  let headers: AnswerHeaders = {};
  let held: Buffer[] | undefined;
  let heldBytes = 0;

  function open(): void {
    progress.hasContent = true;
    const { "content-length": length, "content-encoding": encoding } = headers;
    outlet.head(status, {
      ...toCallerHeaders(headers),
      ...(typeof length === "string" && { "content-length": length }),
      ...(encoding !== undefined && { "content-encoding": encoding }),
    });
  }

  function release(): void {
    const body = Buffer.concat(held ?? []);
    held = undefined;
    open();
    if (body.length > 0) outlet.write(body);
  }

  return {
    progress,
    headStage: "wholeAnswerMs",
    head(answerStatus, answerHeaders) {
      status = answerStatus;
      headers = answerHeaders;
      const type = String(answerHeaders["content-type"] ?? "");
      if (/\bjson\b/i.test(type)) held = [];
      return undefined;
    },
    read(bytes) {
      if (held === undefined) {
        if (!progress.hasContent) open();
        outlet.write(bytes);
        return;
      }
      held.push(bytes as Buffer);
      heldBytes += bytes.length;
      if (heldBytes > heldBytesMax) release();
    },
    end() {
      if (held !== undefined) {
        const document = heldBytes <= parsedBytesMax ? parse(Buffer.concat(held)) : undefined;
        progress.usage = readUsage(document?.["usage"]);
        const model = document?.["model"];
        progress.model = typeof model === "string" ? model : undefined;
        release();
      } else if (!progress.hasContent) open();
      progress.isDone = true;
    },
  };
}

function parse(body: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body.toString());
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
