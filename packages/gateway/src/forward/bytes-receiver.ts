import { createProgress } from "../answer/answer-progress.ts";
import { readUsage } from "../answer/usage.ts";
import type { AnswerReceiver } from "../attempt/answer-receiver.ts";
import type { AnswerHeaders } from "../failure/retry-after.ts";
import { locateFields, readField } from "../request/json-fields.ts";
import type { Outlet } from "./outlet.ts";
import { toCallerHeaders } from "./wire-headers.ts";

/** So much of a JSON answer is held, so that one that breaks off never reaches the caller. */
const heldBytesMax = 4 * 1024 * 1024;

/**
 * Creates the receiver of an answer that is not understood: files, sounds, lists. Bytes pass as they are; JSON is held
 * until it is complete, as long as it is not too long for that.
 *
 * @param isStreamed - The caller asked for a stream, which begins sooner than an answer in one piece.
 */
export function createBytesReceiver(outlet: Outlet, isStreamed: boolean): AnswerReceiver {
  const progress = createProgress();
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
    headStage: isStreamed ? "firstByteMs" : "wholeAnswerMs",
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
        const { usage, model } = readFields(Buffer.concat(held));
        progress.usage = readUsage(usage);
        progress.model = typeof model === "string" ? model : undefined;
        release();
      } else if (!progress.hasContent) open();
      progress.isDone = true;
    },
  };
}

/** What a document says of itself; the rest of it, such as vectors, is not worth parsing. */
function readFields(document: Buffer): { usage: unknown; model: unknown } {
  const layout = locateFields(document, ["usage", "model"]);
  const read = (name: string): unknown => readField(document, layout?.find(name));
  return { usage: read("usage"), model: read("model") };
}
