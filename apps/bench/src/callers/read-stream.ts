import { request, type Agent } from "node:http";
import type { Asked } from "./caller.ts";

/** A request whose answer is read to its end. */
export type StreamRequest = {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** What the first piece of text looks like. */
  readonly firstMark: string;
  /** What the end of a complete stream looks like. */
  readonly lastMark: string;
  readonly agent: Agent;
};

/** Long enough for what a last frame holds behind its mark. */
const tailBytes = 65_536;

/** Sends a POST and reads its stream, looking for nothing but its first and its last mark. */
export function readStream(given: StreamRequest): Promise<Asked> {
  const { url, headers, body, agent } = given;
  return new Promise((resolve, reject) => {
    const startedAt = performance.now();
    const sent = request(url, { method: "POST", headers, agent }, (answer) => {
      let firstTokenMs = Number.NaN;
      let tail = "";
      answer.setEncoding("latin1");
      answer.on("data", (text: string) => {
        if (Number.isNaN(firstTokenMs) && text.includes(given.firstMark))
          firstTokenMs = performance.now() - startedAt;
        tail = text.length >= tailBytes ? text : (tail + text).slice(-tailBytes);
      });
      answer.on("error", reject);
      answer.on("end", () => {
        const isComplete = answer.statusCode === 200 && tail.includes(given.lastMark);
        if (isComplete) resolve({ firstTokenMs, totalMs: performance.now() - startedAt });
        else reject(new Error(`${url} answered ${answer.statusCode}: …${tail.slice(-300)}`));
      });
    });
    sent.on("error", reject);
    sent.end(body);
  });
}
