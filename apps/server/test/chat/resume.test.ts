import { finish, role, say, think, wait, type Reply } from "@llm-backend/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { setChatStage, type ChatStage, type StageUser } from "../callers/chat-stage.ts";
import { createConversation } from "../callers/rest-caller.ts";
import { openSocketCaller } from "../callers/socket-caller.ts";
import { createTrpcCaller, type StreamItem, type TrpcCaller } from "../callers/trpc-caller.ts";
import {
  followRun,
  newRequestId,
  readToEnd,
  toJoined,
  toPosition,
  type Started,
  type Told,
} from "./read-run.ts";

const pieces = ["Once ", "upon ", "a ", "\u{1f600}\u6642", " there", "."];

/** An answer whose pieces come in reads of their own. */
const paced: Reply = {
  steps: [
    role(),
    think("Let me "),
    wait(8),
    think("think"),
    ...pieces.flatMap((piece) => [wait(8), say(piece)]),
    finish(),
  ],
};

let stage: ChatStage;
let user: StageUser;

beforeAll(async () => {
  stage = await setChatStage();
  user = await stage.addUser();
});
afterAll(() => stage[Symbol.asyncDispose]());

async function start(trpc: TrpcCaller, conversationId: number): Promise<Started> {
  return trpc.mutate<Started>("chat.send", { conversationId, requestId: newRequestId(), message: "hi" });
}

/** Everything that a run told, cut at every unit: what stands at each position. */
function toUnits(events: readonly Told[]): Map<number, unknown[]> {
  const whole = toJoined(events);
  const units = whole.flatMap((event) => {
    const delta = event as { type: string; text?: string };
    return delta.text === undefined
      ? [event]
      : Array.from({ length: delta.text.length }, (_, index) => [delta.type, delta.text?.charAt(index)]);
  });
  return new Map(
    Array.from({ length: units.length + 1 }, (_, position) => [position, units.slice(position)]),
  );
}

const unitsOf = (events: readonly Told[]) => toUnits(events).get(0);

/** Whether a position stands between the two halves of a character. */
const isInside = (units: Map<number, unknown[]>, position: number) => {
  const unit = (units.get(position)?.[0] as [string, string] | undefined)?.[1] ?? "";
  return /^[\udc00-\udfff]$/.test(unit);
};

describe("an answer that has ended", () => {
  it("goes on behind every event, by every way of asking", async () => {
    stage.upstream.enqueue(paced);
    const conversationId = await createConversation(user.rest);
    const requestId = newRequestId();
    const input = { conversationId, requestId, message: "hi" };
    const events = await readToEnd(user.trpc.subscribe("chat.stream", input));
    const runId = events[0]?.id.split(":")[0] ?? "";
    const units = toUnits(events);
    await using socket = await openSocketCaller(stage.backend.url, user.rest.token);
    for (const { id } of events) {
      const expected = units.get(toPosition(id));
      expect(unitsOf(await followRun(user.trpc, runId, id))).toEqual(expected);
      expect(
        unitsOf(await readToEnd(user.trpc.subscribe("chat.stream", input, { lastEventId: id }))),
      ).toEqual(expected);
      expect(
        unitsOf(await readToEnd(user.trpc.subscribe("chat.follow", { runId, lastEventId: id }))),
      ).toEqual(expected);
      const overSocket: Told[] = [];
      for await (const item of socket.subscribe("chat.follow", { runId }, id))
        if (item.kind === "event") overSocket.push(item);
      expect(unitsOf(overSocket)).toEqual(expected);
    }
  });

  it("goes on from every position, and every id on the way leads to the same end", async () => {
    stage.upstream.enqueue(paced);
    const { runId } = await start(user.trpc, await createConversation(user.rest));
    const events = await followRun(user.trpc, runId);
    const units = toUnits(events);
    expect(toPosition(events.at(-1)?.id ?? "")).toBe(units.size - 1);
    for (let position = 0; position < units.size; position++) {
      if (isInside(units, position)) continue;
      const rest = await followRun(user.trpc, runId, `${runId}:${position}`);
      expect(unitsOf(rest)).toEqual(units.get(position));
      for (const { id, event } of rest) {
        expect(units.get(toPosition(id))?.length).toBe(units.size - 1 - toPosition(id));
        expect(event).toBeDefined();
      }
    }
  });

  it("is over for whoever has seen its ending", async () => {
    const { runId } = await start(user.trpc, await createConversation(user.rest));
    const events = await followRun(user.trpc, runId);
    expect(await followRun(user.trpc, runId, events.at(-1)?.id ?? "")).toEqual([]);
  });

  it.each(["nonsense", "run_01m8162cr78f5ff3q8t9eqs0ta:1", ":1", "5", "RUN:9007199254740993"])(
    "refuses the id %s, which is none of its own",
    async (template) => {
      const { runId } = await start(user.trpc, await createConversation(user.rest));
      await followRun(user.trpc, runId);
      for (const id of [
        template.replace("RUN", runId),
        `${runId}:99999`,
        `${runId}:-1`,
        `${runId}:1.5`,
        `${runId}:01`,
      ]) {
        const items: StreamItem[] = [];
        for await (const item of user.trpc.subscribe("chat.follow", { runId }, { lastEventId: id }))
          items.push(item);
        expect(items).toMatchObject([{ kind: "error", error: { data: { reason: "invalid_input" } } }]);
      }
    },
  );
});

describe("an answer that is being written", () => {
  it("tells every follower the same, whenever they join, leave and come back", async () => {
    const gates = pieces.map(() => newRequestId());
    stage.upstream.enqueue({
      steps: [
        role(),
        think("hm"),
        ...pieces.flatMap((piece, index) => [wait(gates[index] ?? ""), say(piece)]),
        finish(),
      ],
    });
    const { runId } = await start(user.trpc, await createConversation(user.rest));
    await using socket = await openSocketCaller(stage.backend.url, user.rest.token);

    /** Comes back behind every single event, after having let go of the stream. */
    async function comeBack(trpc: TrpcCaller): Promise<Told[]> {
      const seen: Told[] = [];
      for (;;) {
        const leaving = new AbortController();
        const last = seen.at(-1)?.id;
        const options = { signal: leaving.signal, ...(last === undefined ? {} : { lastEventId: last }) };
        for await (const item of trpc.subscribe("chat.follow", { runId }, options)) {
          if (item.kind !== "event") return seen;
          seen.push(item);
          break;
        }
        leaving.abort();
      }
    }

    const whole = followRun(user.trpc, runId);
    const returning = comeBack(user.trpc);
    const overSocket = (async () => {
      const seen: Told[] = [];
      for await (const item of socket.subscribe("chat.follow", { runId }))
        if (item.kind === "event") seen.push(item);
      return seen;
    })();
    const late: Promise<Told[]>[] = [];
    for (const gate of gates) {
      stage.upstream.open(gate);
      late.push(followRun(user.trpc, runId));
      await new Promise((resolve) => void setImmediate(resolve));
    }
    const told = unitsOf(await whole);
    expect(unitsOf(await returning)).toEqual(told);
    expect(unitsOf(await overSocket)).toEqual(told);
    for (const one of late) expect(unitsOf(await one)).toEqual(told);
  });

  it("gives each read of the upstream's socket as one event, however many pieces it brought", async () => {
    stage.upstream.enqueue({
      steps: [
        role(),
        say(["a", "b", "c", "d"]),
        wait(30),
        say(Array.from({ length: 100 }, () => "x")),
        wait(30),
        finish(),
      ],
    });
    const { runId } = await start(user.trpc, await createConversation(user.rest));
    const events = await followRun(user.trpc, runId);
    expect(events.map(({ event }) => ("text" in event ? event.text : event.type))).toEqual([
      "run-start",
      "abcd",
      "x".repeat(100),
      "run-done",
    ]);
  });
});

describe("a restart", () => {
  it("changes nothing of what an ended answer tells, behind any event", async () => {
    await using first = await setChatStage({ upstream: { reply: paced } });
    const owner = await first.addConversation();
    const { runId } = await start(owner.trpc, owner.conversationId);
    const events = await followRun(owner.trpc, runId);
    await first.backend.server.stop();
    await using second = await setChatStage({ backend: { folder: first.backend.folder } });
    const trpc = createTrpcCaller(second.backend.url, owner.rest.token);
    const units = toUnits(events);
    expect(unitsOf(await followRun(trpc, runId))).toEqual(units.get(0));
    for (let position = 0; position < units.size; position++) {
      if (isInside(units, position)) continue;
      expect(unitsOf(await followRun(trpc, runId, `${runId}:${position}`))).toEqual(units.get(position));
    }
  });
});

describe("an answer of a megabyte", () => {
  it("is told whole, in bounded bites, and goes on from anywhere", async () => {
    const piece = `${"0123456789".repeat(100)}\u{1f600}`;
    stage.upstream.enqueue({ steps: [role(), ...Array.from({ length: 1000 }, () => say(piece)), finish()] });
    const { runId } = await start(user.trpc, await createConversation(user.rest));
    const text = piece.repeat(1000);
    const read = async (lastEventId?: string) => {
      const events = await followRun(user.trpc, runId, lastEventId);
      const deltas = events.flatMap(({ event }) => (event.type === "text-delta" ? [event.text] : []));
      for (const delta of deltas) expect(delta.isWellFormed()).toBe(true);
      return deltas;
    };
    expect((await read()).join("")).toBe(text);
    const stored = await read();
    expect(stored.join("")).toBe(text);
    expect(Math.max(...stored.map((delta) => delta.length))).toBeLessThanOrEqual(32_768);
    for (const position of [2, 1002, 32_768, 500_000, text.length]) {
      expect((await read(`${runId}:${position + 1}`)).join("")).toBe(text.slice(position));
    }
  });
});
