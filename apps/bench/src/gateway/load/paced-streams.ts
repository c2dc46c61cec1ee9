import { readClock, readToken, tokenChars } from "../upstream/paced-token.ts";
import type { PacedJob, PacedResult, PacedWindow } from "./jobs.ts";
import { openConnection } from "./open-connection.ts";
import { openEvenly } from "./open-evenly.ts";
import { createWindowMeter } from "./paced-window.ts";

const contentMark = '"content":"';
const wholeMark = contentMark.length + tokenChars;

/** Paced streams that are open. */
export type PacedStreams = {
  /** Begins to look at what comes. */
  begin(): void;
  /** What came since. */
  end(): PacedWindow;
  /** Waits until all streams have ended. */
  finish(): Promise<PacedResult>;
};

/** Opens paced streams; resolves when every one of them has its first token. */
export async function openPacedStreams(job: PacedJob): Promise<PacedStreams> {
  const problems: string[] = [];
  const meter = createWindowMeter();
  let whole = 0;

  /** Follows one stream to its end. */
  function follow(onOpen: () => void): Promise<void> {
    return new Promise((resolve) => {
      let next = 0;
      let rest = "";
      let problem: string | undefined;
      const socket = openConnection(job.port, {
        onBody(bytes, from, to) {
          rest += bytes.toString("latin1", from, to);
          let at = rest.indexOf(contentMark);
          for (; at !== -1 && at + wholeMark <= rest.length; at = rest.indexOf(contentMark, at + 1)) {
            const token = readToken(rest, at + contentMark.length);
            // The frame with the role has a content, too, and nothing in it.
            if (Number.isNaN(token.number)) continue;
            if (token.number !== next) problem ??= `token ${token.number} in place of ${next}`;
            if (next++ === 0) onOpen();
            meter.note((readClock() - token.sentAt) / 1000);
          }
          rest = at === -1 ? rest.slice(1 - wholeMark) : rest.slice(at);
        },
        onEnd(status) {
          if (status !== 200) problem ??= `status ${status}: ${rest}`;
          if (next !== job.tokens) problem ??= `${next} tokens in place of ${job.tokens}`;
          if (!rest.includes("[DONE]")) problem ??= "no [DONE] at the end";
          if (problem === undefined) whole++;
          socket.destroy();
        },
        onClose(reason) {
          if (next !== job.tokens) problem ??= reason;
          if (problem !== undefined && problems.length < 5) problems.push(problem);
          onOpen();
          resolve();
        },
      });
      socket.write(job.requests[0] ?? "");
    });
  }

  const { ended } = await openEvenly(job, (_index, onOpen) => follow(onOpen));
  return {
    begin: () => meter.begin(),
    end: () => meter.end(),
    async finish() {
      await ended;
      return { whole, problems };
    },
  };
}
