import { setTimeout as delay } from "node:timers/promises";
import { percentile } from "../../statistics.ts";
import { readClock, readToken, tokenChars } from "../upstream/paced-token.ts";
import type { PacedWindow, SignedJob, SignedResult } from "./jobs.ts";
import { openConnection } from "./open-connection.ts";

/** Signed streams that are open. */
export type SignedStreams = {
  /** Begins to look at what comes. */
  begin(): void;
  /** What came since. */
  end(): PacedWindow;
  /** Waits until all streams have ended. */
  finish(): Promise<SignedResult>;
};

const problemsMax = 5;
const tokenForm = /\d{6} \d{14} /g;

type Watch = {
  /** Learns of every token, with how long it was on its way. */
  readonly onToken: (delayMs: number) => void;
  readonly result: { -readonly [Key in keyof SignedResult]: SignedResult[Key] };
  readonly problems: string[];
};

/** Opens signed streams; resolves when every one of them has its first token, or has failed. */
export async function openSignedStreams(job: SignedJob): Promise<SignedStreams> {
  const problems: string[] = [];
  const result = { whole: 0, lost: 0, doubled: 0, reordered: 0, crossed: 0, problems };
  let delaysMs: number[] = [];
  let cpu = process.cpuUsage();
  const watch: Watch = { onToken: (delayMs) => void delaysMs.push(delayMs), result, problems };
  const opened: Promise<void>[] = [];
  const ended: Promise<void>[] = [];
  const { streams, openMs } = job;
  for (const index of streams.keys()) {
    const open = Promise.withResolvers<void>();
    opened.push(open.promise);
    ended.push(follow(job, index, { ...watch, onOpen: open.resolve }));
    // Some in each tick of the timer: all at once would measure the accept queue, and nothing else.
    const dueMs = (openMs * (index + 1)) / streams.length;
    if (Math.floor(dueMs / 10) > Math.floor((dueMs - openMs / streams.length) / 10)) await delay(10);
  }
  await Promise.all(opened);
  return {
    begin() {
      delaysMs = [];
      cpu = process.cpuUsage();
    },
    end() {
      const { user, system } = process.cpuUsage(cpu);
      const seen = delaysMs;
      return {
        tokens: seen.length,
        delayP50Ms: percentile(seen, 50),
        delayP99Ms: percentile(seen, 99),
        readerCpuMs: (user + system) / 1000,
      };
    },
    async finish() {
      await Promise.all(ended);
      return result;
    },
  };
}

/** Follows one stream to its end, whatever that is. */
function follow(job: SignedJob, index: number, given: Watch & { onOpen: () => void }): Promise<void> {
  const { request, endMark } = job.streams[index] as SignedJob["streams"][number];
  const { result, problems, onOpen } = given;
  const count = createTokenCount(job.tokens, index * job.tokens, given);
  let rest = "";
  let isEnded = false;
  let problem: string | undefined;

  /** Reads up to the mark of the end: what stands behind it may tell the whole text once more. */
  function read(bytes: Buffer, from: number, to: number): void {
    if (isEnded) return;
    rest += bytes.toString("latin1", from, to);
    const end = rest.indexOf(endMark);
    isEnded = end !== -1;
    const text = isEnded ? rest.slice(0, end) : rest;
    let readTo = 0;
    for (const found of text.matchAll(tokenForm)) {
      count.take(readToken(text, found.index));
      readTo = found.index + tokenChars;
      onOpen();
    }
    rest = rest.slice(Math.max(readTo, rest.length - Math.max(tokenChars, endMark.length)));
  }

  return new Promise((resolve) => {
    const socket = openConnection(job.port, {
      onBody: read,
      onEnd(status) {
        if (status !== 200) problem ??= `status ${status}: ${rest}`;
        if (!isEnded) problem ??= "no end of the answer";
        else if (problem === undefined) result.whole++;
        socket.destroy();
      },
      onClose(reason) {
        if (!isEnded) problem ??= reason;
        count.end();
        if (problem !== undefined && problems.length < problemsMax) problems.push(problem);
        onOpen();
        resolve();
      },
    });
    socket.write(request);
  });
}

/** Counts the tokens of one stream, whose numbers no other stream has. */
function createTokenCount(tokens: number, first: number, { result, onToken }: Watch) {
  const isSeen = new Uint8Array(tokens);
  let highest = -1;
  return {
    take({ number, sentAt }: { readonly number: number; readonly sentAt: number }): void {
      onToken((readClock() - sentAt) / 1000);
      const index = number - first;
      if (index < 0 || index >= tokens) result.crossed++;
      else if (isSeen[index] === 1) result.doubled++;
      else {
        isSeen[index] = 1;
        if (index < highest) result.reordered++;
        highest = Math.max(highest, index);
      }
    },
    end(): void {
      for (const seen of isSeen) if (seen === 0) result.lost++;
    },
  };
}
