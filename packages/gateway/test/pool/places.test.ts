import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Slot } from "../../src/pool/pool.ts";
import type { Upstream } from "../../src/upstream.ts";
import { never, nextOf, openPool, send, upstreamOf, type PoolUnderTest } from "./open-pool.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
afterEach(() => void vi.useRealTimers());

const narrow = (id: string, rest: Partial<Upstream> = {}): Upstream =>
  upstreamOf(id, { concurrencyMax: 1, queueMax: 1, ...rest });

const take = ({ pool }: PoolUnderTest): Slot | undefined => nextOf(pool.plan({ model: "m" }));

const settle = async (): Promise<unknown> => vi.advanceTimersByTimeAsync(0);

test("another candidate with a free place is preferred to waiting, even one of a higher tier", () => {
  const under = openPool([narrow("a"), narrow("b"), narrow("spare", { tier: 1 })]);
  expect([take(under), take(under), take(under)].map((slot) => slot?.upstream.id)).toEqual([
    "a",
    "b",
    "spare",
  ]);
});

test("when all are full, the next one waits at the first with room in its queue, in turn", async () => {
  const under = openPool([narrow("a", { queueMax: 2 }), narrow("b")]);
  const first = take(under);
  take(under);
  const order: string[] = [];
  const queue = ["x", "y"].map(async (name) => {
    const slot = await under.pool.plan({ model: "m" }).next(never);
    order.push(`${name}:${slot?.upstream.id}`);
    return slot;
  });
  const third = under.pool.plan({ model: "m" }).next(never);
  expect(under.healthOf("a")).toMatchObject({ inFlight: 1, waiting: 2 });
  expect(under.healthOf("b")).toMatchObject({ inFlight: 1, waiting: 1 });
  first?.end({ outcome: "done" });
  await settle();
  expect(order).toEqual(["x:a"]);
  expect(under.healthOf("a")).toMatchObject({ inFlight: 1, waiting: 1 });
  (await queue[0])?.end({ outcome: "done" });
  await settle();
  expect(order).toEqual(["x:a", "y:a"]);
  under.pool.close();
  expect(await third).toBeUndefined();
});

test("a place that becomes free belongs to whoever waits, not to who comes first", async () => {
  const under = openPool([narrow("a")]);
  const first = take(under);
  const waiting = under.pool.plan({ model: "m" }).next(never);
  first?.end({ outcome: "done" });
  const plan = under.pool.plan({ model: "m" });
  const late = plan.next(never);
  expect(late).toBeInstanceOf(Promise);
  (await waiting)?.end({ outcome: "done" });
  expect((await late)?.upstream.id).toBe("a");
});

test("when queues are full too, a request is refused at once", () => {
  const under = openPool([narrow("a", { queueMax: 0 })]);
  take(under);
  const plan = under.pool.plan({ model: "m" });
  expect(plan.next(never)).toBeUndefined();
  expect(plan.refusal).toEqual({ reason: "full", retryAfterMs: 1000 });
});

test("nobody waits longer than ten seconds", async () => {
  const under = openPool([narrow("a")]);
  take(under);
  const plan = under.pool.plan({ model: "m" });
  const waiting = plan.next(never);
  await vi.advanceTimersByTimeAsync(9999);
  expect(under.healthOf("a").waiting).toBe(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(await waiting).toBeUndefined();
  expect(plan.refusal.reason).toBe("full");
  expect(under.healthOf("a")).toMatchObject({ inFlight: 1, waiting: 0 });
});

test("whoever has waited in vain takes a place that has become free elsewhere", async () => {
  const under = openPool([narrow("a"), narrow("b")]);
  take(under);
  const second = take(under);
  const waiting = under.pool.plan({ model: "m" }).next(never);
  second?.end({ outcome: "done" });
  await vi.advanceTimersByTimeAsync(10_000);
  expect((await waiting)?.upstream.id).toBe("b");
});

test("whoever leaves the queue takes nothing along", async () => {
  const under = openPool([narrow("a", { queueMax: 2 })]);
  const first = take(under);
  const controller = new AbortController();
  const leaving = under.pool.plan({ model: "m" }).next(controller.signal);
  const staying = under.pool.plan({ model: "m" }).next(never);
  controller.abort();
  expect(await leaving).toBeUndefined();
  expect(under.healthOf("a").waiting).toBe(1);
  first?.end({ outcome: "done" });
  (await staying)?.end({ outcome: "done" });
  expect(under.healthOf("a")).toMatchObject({ inFlight: 0, waiting: 0 });
  expect(vi.getTimerCount()).toBe(0);
});

test("whoever leaves in the moment in which a place is granted gives it back", async () => {
  const under = openPool([narrow("a")]);
  const first = take(under);
  const controller = new AbortController();
  const leaving = under.pool.plan({ model: "m" }).next(controller.signal);
  first?.end({ outcome: "done" });
  controller.abort();
  expect(await leaving).toBeUndefined();
  expect(under.healthOf("a").inFlight).toBe(0);
});

test("a place at an upstream that went out meanwhile is of no use", async () => {
  const under = openPool([upstreamOf("a", { concurrencyMax: 5, queueMax: 1 }), narrow("b", { queueMax: 0 })]);
  const slots = Array.from({ length: 6 }, () => take(under));
  const waiting = under.pool.plan({ model: "m" }).next(never);
  const waitingAtOnce = under.pool.plan({ model: "m" });
  expect(waitingAtOnce.next(never)).toBeUndefined();
  for (const slot of slots) slot?.end({ outcome: slot.upstream.id === "b" ? "done" : "first_byte_timeout" });
  const slot = await waiting;
  // The first of the failures made room, the fifth opened the breaker.
  expect(slot?.upstream.id).toBe("b");
  expect(under.healthOf("a")).toMatchObject({ inFlight: 0, breaker: "open" });
});

test("a slot gives its place back once, however often it ends", () => {
  const under = openPool([narrow("a")]);
  const slot = take(under);
  slot?.end({ outcome: "done" });
  slot?.end({ outcome: "server_error" });
  slot?.began(5);
  expect(under.healthOf("a")).toMatchObject({
    inFlight: 0,
    successes: 1,
    failures: 0,
    firstTokenMs: undefined,
  });
});

test("a higher cap lets in those who wait, a lower one lets those finish who are there", async () => {
  const a = narrow("a", { queueMax: 5 });
  const under = openPool([a]);
  const first = take(under);
  const waiting = [1, 2].map(async () => under.pool.plan({ model: "m" }).next(never));
  under.pool.replace([{ ...a, concurrencyMax: 3 }]);
  const slots = await Promise.all(waiting);
  expect(under.healthOf("a")).toMatchObject({ inFlight: 3, waiting: 0 });
  under.pool.replace([{ ...a, concurrencyMax: 1 }]);
  first?.end({ outcome: "done" });
  slots[0]?.end({ outcome: "done" });
  const last = under.pool.plan({ model: "m" }).next(never);
  expect(under.healthOf("a")).toMatchObject({ inFlight: 1, waiting: 1 });
  slots[1]?.end({ outcome: "done" });
  expect((await last)?.upstream.id).toBe("a");
});

test("who waits at an upstream that is taken out of the list goes on to the others", async () => {
  const under = openPool([narrow("a"), narrow("b", { queueMax: 0 })]);
  const slots = [take(under), take(under)];
  const waiting = under.pool.plan({ model: "m" }).next(never);
  slots[1]?.end({ outcome: "done" });
  under.pool.replace([narrow("b", { queueMax: 0 })]);
  expect((await waiting)?.upstream.id).toBe("b");
});

test("the asker's own key waits in nobody's queue", () => {
  const under = openPool([narrow("a")]);
  const slots = Array.from({ length: 20 }, () =>
    nextOf(under.pool.plan({ model: "p-1", providerKey: "sk-own" })),
  );
  expect(slots.every((slot) => slot !== undefined)).toBe(true);
});

test("a brown-out of one upstream does not touch the others", () => {
  const under = openPool([narrow("slow", { queueMax: 0 }), "b"]);
  take(under);
  for (let count = 0; count < 50; count++) expect(send(under)).toEqual(["b"]);
});
