import { DomainError, type RunEvent } from "@llm-backend/contract";
import { OwnerLost, type RelayHandlers, type RelaySignal, type RunRelay } from "@llm-backend/server";
import { ReplayLog, type LogShape } from "@llm-backend/stream";
import { expect, it } from "vitest";

/** Two processes that reach each other, and what there is to see of them. */
export type RelayPair = AsyncDisposable & {
  readonly here: RunRelay;
  readonly there: RunRelay;
  /** The name of `there`. */
  readonly owner: string;
};

const shape: LogShape<RunEvent> = {
  units: (event) => ("text" in event ? event.text.length : 1),
  joins: () => false,
  join: ([event]) => event,
  split: (event) => [event, event],
};

const text = (words: string): RunEvent => ({ type: "text-delta", text: words });
const stopped: RunEvent = { type: "run-stop" };
const viewer = { userId: 1, username: "ann", role: "user", sessionId: "ses_1" } as const;

/** What every relay promises; `open` makes a pair whose processes do not serve yet. */
export function testRelay(open: () => Promise<RelayPair>): void {
  const serve = async (pair: RelayPair, given: Partial<RelayHandlers> = {}) => {
    const handlers: RelayHandlers = {
      openLog: () => undefined,
      stop: async () => {},
      start: () => Promise.reject(new DomainError("not_found")),
      onSignal: () => {},
      ...given,
    };
    await pair.here.serve({ ...handlers, onSignal: () => {} });
    await pair.there.serve(handlers);
  };

  it("follows a log at its owner from a position to its end", async () => {
    await using pair = await open();
    const log = new ReplayLog(shape);
    await serve(pair, { openLog: (runId) => (runId === "run_1" ? log : undefined) });
    log.append(text("one "));
    const seen: unknown[] = [];
    const following = (async () => {
      for await (const entry of pair.here.follow(pair.owner, "run_1", { position: 4 })) {
        seen.push(entry);
        if (seen.length === 1) log.append(text("three"));
        if (seen.length === 2) {
          log.append(stopped);
          log.close();
        }
      }
    })();
    log.append(text("two "));
    await following;
    expect(seen).toEqual([
      { item: text("two "), position: 8 },
      { item: text("three"), position: 13 },
      { item: stopped, position: 14 },
    ]);
  });

  it("ends at once for a run that its owner does not have any more", async () => {
    await using pair = await open();
    await serve(pair);
    expect(await Array.fromAsync(pair.here.follow(pair.owner, "run_1", { position: 0 }))).toEqual([]);
  });

  it("leaves the log over there when the follower leaves here, with a signal or in the middle", async () => {
    await using pair = await open();
    const log = new ReplayLog(shape);
    const left = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    let opened = 0;
    await serve(pair, {
      openLog: () => {
        const mine = left[opened++];
        return {
          async *follow(position, options) {
            try {
              yield* log.follow(position, options);
            } finally {
              mine?.resolve();
            }
          },
        };
      },
    });
    log.append(text("one"));
    const leaving = new AbortController();
    for await (const _ of pair.here.follow(pair.owner, "run_1", { position: 0, signal: leaving.signal })) {
      leaving.abort();
    }
    await left[0]?.promise;
    for await (const _ of pair.here.follow(pair.owner, "run_1", { position: 0 })) break;
    await left[1]?.promise;
  });

  it("says that an owner is lost which is not there, or goes in the middle", async () => {
    await using pair = await open();
    const log = new ReplayLog(shape);
    await serve(pair, { openLog: () => log });
    const collect = (owner: string) => Array.fromAsync(pair.here.follow(owner, "run_1", { position: 0 }));
    await expect(collect("nobody")).rejects.toThrow(OwnerLost);
    await expect(pair.here.stop("nobody", "run_1")).rejects.toThrow(OwnerLost);
    log.append(text("one"));
    await expect(async () => {
      for await (const _ of pair.here.follow(pair.owner, "run_1", { position: 0 })) {
        await pair.there.close();
      }
    }).rejects.toThrow(OwnerLost);
  });

  it("stops a run and waits until it is stopped", async () => {
    await using pair = await open();
    const calls: string[] = [];
    await serve(pair, {
      async stop(runId) {
        await Promise.resolve();
        calls.push(runId);
      },
    });
    await pair.here.stop(pair.owner, "run_1");
    expect(calls).toEqual(["run_1"]);
  });

  it("hands a start over, with its answer or its refusal", async () => {
    await using pair = await open();
    const started = {
      runId: "run_1",
      conversationId: 1,
      userMessageId: null,
      assistantMessageId: "msg_1",
      state: "streaming",
    } as const;
    const refusal = new DomainError("rate_limited", "Too much.", { details: { retryAfterMs: 7 } });
    const requests: unknown[] = [];
    await serve(pair, {
      start(request) {
        requests.push(request);
        return request.kind === "send" ? Promise.resolve(started) : Promise.reject(refusal);
      },
    });
    const request = { viewer, kind: "send", input: { message: "x".repeat(300_000) } };
    expect(await pair.here.start(pair.owner, request)).toEqual(started);
    expect(requests).toEqual([request]);
    await expect(pair.here.start(pair.owner, { viewer, kind: "edit", input: {} })).rejects.toMatchObject({
      code: "rate_limited",
      message: "Too much.",
      details: { retryAfterMs: 7 },
    });
  });

  it("names the others that can be asked, and not itself", async () => {
    await using pair = await open();
    await serve(pair);
    expect(await pair.here.listOthers()).toEqual([pair.owner]);
    await pair.there.close();
    await expect.poll(() => pair.here.listOthers()).toEqual([]);
  });

  it("tells all others, and not itself", async () => {
    await using pair = await open();
    const told = Promise.withResolvers<RelaySignal>();
    await serve(pair, { onSignal: told.resolve });
    const signal = { type: "sessions-revoked", sessionIds: ["ses_1"] } as const;
    pair.here.broadcast(signal);
    expect(await told.promise).toEqual(signal);
  });

  it("sends no more than its reader takes, however much there is", async () => {
    await using pair = await open();
    let taken = 0;
    const isFull = Promise.withResolvers<void>();
    const item = text("x".repeat(10_000));
    await serve(pair, {
      openLog: () => ({
        async *follow(_position, { signal }) {
          signal?.addEventListener("abort", () => isFull.resolve());
          for (taken = 0; taken < 2000; taken++) yield { item, position: (taken + 1) * 10_000 };
        },
      }),
    });
    for await (const _ of pair.here.follow(pair.owner, "run_1", { position: 0 })) {
      // Reads one, and no more: what lies between the two fills up, and then the owner waits.
      let before = -1;
      while (before !== taken) {
        before = taken;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      break;
    }
    expect(taken * 10_000).toBeLessThan(600_000);
    await isFull.promise;
  });
}
