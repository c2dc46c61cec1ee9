import { answerForms } from "./answer-forms.ts";
import type { FirstTokenJob, FirstTokenResult, Target } from "./jobs.ts";
import { openConnection } from "./open-connection.ts";

type Asker = Disposable & {
  /** Milliseconds to the first byte of text. */
  ask(): Promise<number>;
};

/**
 * So many requests in a row go to a target before the next one's turn. Were they mixed, each would find the machine's
 * caches full of another's work: Portkey alone works 27 ms for an answer.
 */
const turn = 25;

/** Asks the targets in turns, one request at a time, each on a connection that stays open. */
export async function measureFirstToken({ targets, asks }: FirstTokenJob): Promise<FirstTokenResult> {
  using cleanup = new DisposableStack();
  const askers = targets.map((target) => cleanup.use(createAsker(target)));
  const times = targets.map((): number[] => []);
  const warmup = Math.ceil(asks / 5);
  for (let asked = -warmup; asked < asks; asked += turn) {
    for (const [index, asker] of askers.entries()) {
      const took = await askSeveral(asker, Math.min(turn, asks - asked));
      times[index]?.push(...took.slice(Math.max(0, -asked)));
    }
  }
  return { times };
}

async function askSeveral(asker: Asker, count: number): Promise<number[]> {
  const times: number[] = [];
  while (times.length < count) times.push(await asker.ask());
  return times;
}

function createAsker({ port, requests }: Target): Asker {
  const { firstMark, lastMark } = answerForms.stream;
  let settle: PromiseWithResolvers<number> | undefined;
  let startedAt = 0;
  let firstMs: number | undefined;
  let body = "";
  const socket = openConnection(port, {
    onBody(bytes, from, to) {
      body += bytes.toString("latin1", from, to);
      if (firstMs === undefined && body.includes(firstMark)) firstMs = performance.now() - startedAt;
    },
    onEnd(status) {
      const isWhole = status === 200 && body.includes(lastMark) && firstMs !== undefined;
      if (isWhole) settle?.resolve(firstMs as number);
      else settle?.reject(new Error(`Port ${port} answered ${status}: ${body.slice(0, 300)}`));
    },
    onClose: (reason) => settle?.reject(new Error(reason)),
  });
  return {
    ask() {
      settle = Promise.withResolvers<number>();
      body = "";
      firstMs = undefined;
      startedAt = performance.now();
      socket.write(requests[0] ?? "");
      return settle.promise;
    },
    [Symbol.dispose]: () => socket.destroy(),
  };
}
