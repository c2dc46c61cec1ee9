import { answer, type BackendProcess, type FakeUpstream } from "@llm-backend/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { registerUser } from "../callers/rest-caller.ts";
import { createTrpcCaller, type TrpcCaller } from "../callers/trpc-caller.ts";
import { followRun, newRequestId, toText, type Told } from "../chat/read-run.ts";
import { beginReply, endReply, openCallersAtBoth, startTwoWorkers, type TwoWorkers } from "./worker-stage.ts";

let workers: TwoWorkers;
let upstream: FakeUpstream;
let backend: BackendProcess;

beforeAll(async () => {
  workers = await startTwoWorkers();
  ({ upstream, backend } = workers);
}, 60_000);
afterAll(() => workers[Symbol.asyncDispose]());

/** A user with two connections to each of two workers, and a stranger with one to the second. */
async function setStage() {
  const [rest, stranger] = await Promise.all([registerUser(backend.url), registerUser(backend.url)]);
  const callers = await openCallersAtBoth(backend, rest);
  return { ...callers, stranger: createTrpcCaller(backend.url, stranger.token, callers.atThere) };
}

const question = () => ({
  requestId: newRequestId(),
  model: "m",
  messages: [{ role: "user", content: "A secret?" }],
});

/** Asks at one worker; the upstream has said one word, which has been read. */
async function begin(trpc: TrpcCaller) {
  const hand = beginReply(upstream, "Hush, ");
  const asked = question();
  const seen: Told[] = [];
  for await (const item of trpc.subscribe("chat.temporary", asked)) {
    seen.push(item as Told);
    if (toText(seen) !== "") break;
  }
  const lastEventId = seen.at(-1)?.id ?? "";
  return {
    asked,
    lastEventId,
    runId: lastEventId.split(":")[0] ?? "",
    end: () => endReply(hand, "hush"),
  };
}

async function readAll(items: AsyncIterable<unknown>): Promise<Told[]> {
  const all: Told[] = [];
  for await (const item of items) {
    const { kind } = item as { kind: string };
    if (kind === "error") throw new Error(JSON.stringify(item));
    if (kind === "event") all.push(item as Told);
    if (kind === "return") break;
  }
  return all;
}

describe("a chat that is stored nowhere, with two workers", () => {
  it("is followed, resumed and looked up at either of them, while it goes on and after its end", async () => {
    using stage = await setStage();
    const { runId, lastEventId, end } = await begin(stage.here[0]);
    expect(await stage.there[0].query("chat.get", { runId })).toMatchObject({ runId, state: "streaming" });
    const following = [followRun(stage.there[0], runId), followRun(stage.there[1], runId, lastEventId)];
    end();
    const [whole = [], rest = []] = await Promise.all(following);
    expect([toText(whole), toText(rest)]).toEqual(["Hush, hush", "hush"]);
    expect(whole.at(-1)?.event.type).toBe("run-done");

    expect(await followRun(stage.there[0], runId)).toEqual(await followRun(stage.here[0], runId));
    expect(toText(await followRun(stage.there[0], runId, lastEventId))).toBe("hush");
    expect(await followRun(stage.there[0], runId, whole.at(-1)?.id)).toEqual([]);
    expect(await stage.there[0].query("chat.get", { runId })).toMatchObject({ runId, state: "done" });
  });

  it("is stopped at either of them", async () => {
    using stage = await setStage();
    const { runId } = await begin(stage.here[0]);
    expect(await stage.there[0].mutate("chat.stop", { runId })).toEqual({ runId, state: "stopped" });
    const events = await followRun(stage.there[0], runId);
    expect([toText(events), events.at(-1)?.event.type]).toEqual(["Hush, ", "run-stop"]);
    expect(await stage.there[0].mutate("chat.stop", { runId })).toEqual({ runId, state: "stopped" });
  });

  it("is asked once, wherever the same request comes again, and goes on behind what its client has", async () => {
    using stage = await setStage();
    const callsBefore = upstream.calls.length;
    const { asked, lastEventId, end } = await begin(stage.here[0]);
    const again = readAll(stage.there[0].subscribe("chat.temporary", asked));
    const rest = readAll(stage.there[1].subscribe("chat.temporary", { ...asked, lastEventId }));
    end();
    expect([toText(await again), toText(await rest)]).toEqual(["Hush, hush", "hush"]);
    expect(upstream.calls.length - callsBefore).toBe(1);
    await expect(
      readAll(stage.there[0].subscribe("chat.temporary", { ...asked, model: "other" })),
    ).rejects.toThrow("conflict");
  });

  it("is asked once when its request comes twice at once at one of them", async () => {
    using stage = await setStage();
    const callsBefore = upstream.calls.length;
    upstream.enqueue(answer(["Once"]));
    const asked = question();
    const both = await Promise.all(
      stage.here.map((trpc) => readAll(trpc.subscribe("chat.temporary", asked))),
    );
    expect(both.map((events) => toText(events))).toEqual(["Once", "Once"]);
    expect(upstream.calls.length - callsBefore).toBe(1);
  });

  it("is asked once when its request comes to both of them in the same moment", async () => {
    using stage = await setStage();
    const [here, there] = [stage.here[0], stage.there[0]];
    for (let round = 0; round < 20; round++) {
      const callsBefore = upstream.calls.length;
      const asked = question();
      const both = await Promise.all(
        [here, there].map((trpc) => readAll(trpc.subscribe("chat.temporary", asked))),
      );
      expect(both[0]).toEqual(both[1]);
      expect(upstream.calls.length - callsBefore).toBe(1);
    }
  });

  it("does not exist for anybody else, at either of them, nor where nobody has it", async () => {
    using stage = await setStage();
    const { runId, asked, end } = await begin(stage.here[0]);
    await expect(followRun(stage.stranger, runId)).rejects.toThrow("not_found");
    await expect(stage.stranger.mutate("chat.stop", { runId })).rejects.toThrow("not_found");
    const absent = "run_01m8162cr78f5ff3q8t9eqs0ta";
    await expect(stage.there[0].query("chat.get", { runId: absent })).rejects.toThrow("not_found");
    const back = { ...asked, requestId: newRequestId(), lastEventId: `${absent}:3` };
    await expect(readAll(stage.there[0].subscribe("chat.temporary", back))).rejects.toThrow("not_found");
    end();
  });
});
