import { readClock, readToken, tokenChars } from "../upstream/paced-token.ts";
import type { PacedWindow, SignedJob, SignedResult } from "./jobs.ts";
import { openConnection } from "./open-connection.ts";
import { openEvenly } from "./open-evenly.ts";
import { createWindowMeter } from "./paced-window.ts";

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
  const meter = createWindowMeter();
  const watch: Watch = { onToken: (delayMs) => meter.note(delayMs), result, problems };
  const { ended } = await openEvenly({ streams: job.streams.length, openMs: job.openMs }, (index, onOpen) =>
    follow(job, index, { ...watch, onOpen }),
  );
  return {
    begin: () => meter.begin(),
    end: () => meter.end(),
    async finish() {
      await ended;
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
