import { findDomainError, type RecordView } from "@llm-backend/contract";
import { createCaller, type Caller } from "@llm-backend/server";
import type { TrackedEnvelope } from "@trpc/server";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openServices, type OpenedServices } from "./open-services.ts";
import { toEntry, toFacts } from "./record-facts.ts";

const password = "correct horse battery";
const recordId = "req_01m8162cr78f5ff3q8t9eqs0ta";

let opened: OpenedServices;
let adminCaller: Caller;
let admin: Caller["admin"]["record"];
beforeAll(async () => {
  opened = await openServices({ records: { hostname: "machine-1" } });
  adminCaller = createCaller(await logIn("admin"));
  admin = adminCaller.admin.record;
});
afterAll(() => opened[Symbol.asyncDispose]());

async function logIn(role: "admin" | "user") {
  const { services } = opened.backend;
  await services.users.create({ username: role, password, role });
  const { token } = await services.auth.login({ username: role, password }, "192.0.2.1");
  return { services, credential: token, address: "192.0.2.1" };
}

/** The code that a call is refused with. */
async function refusal(call: Promise<unknown>): Promise<string | undefined> {
  try {
    await call;
    return undefined;
  } catch (error) {
    return findDomainError(error)?.code;
  }
}

/** Writes a record, and returns its id. */
async function write(): Promise<string> {
  const { records } = opened.backend.services;
  const entry = toEntry();
  records.add(entry);
  await records.flush();
  return entry.record.id;
}

type Tail = AsyncIterator<TrackedEnvelope<RecordView>>;

const openTail = async (input: { last?: number; lastEventId?: string }): Promise<Tail> => {
  const events = (await admin.tail(input)) as AsyncIterable<TrackedEnvelope<RecordView>>;
  return events[Symbol.asyncIterator]();
};

/** The id of the event, and of its record. */
async function readNext(tail: Tail): Promise<{ eventId: string; recordId: string }> {
  const { value } = await tail.next();
  const [eventId, record] = value as TrackedEnvelope<RecordView>;
  return { eventId, recordId: record.recordId };
}

it("shows records to administrators, and to nobody else", async () => {
  const nobody = { services: opened.backend.services, credential: undefined, address: "192.0.2.1" };
  for (const [context, code] of [
    [await logIn("user"), "forbidden"],
    [nobody, "unauthenticated"],
  ] as const) {
    const { record } = createCaller(context).admin;
    const calls = [record.list({}), record.get({ recordId }), record.tail({})];
    expect(await Promise.all(calls.map(refusal))).toEqual([code, code, code]);
  }
});

it("lists pages, and shows one record with everything", async () => {
  const facts = toFacts();
  opened.backend.services.records.addForward(facts);
  await opened.backend.services.records.flush();
  const page = await admin.list({ model: "a-model", statusClass: 2, limit: 1 });
  expect(page.records).toMatchObject([
    { recordId: facts.request.id, host: "machine-1", keyName: "production" },
  ]);
  expect(await admin.get({ recordId: facts.request.id })).toMatchObject({
    record: page.records[0],
    attempts: [{ upstream: "first", outcome: "done" }],
    answer: "Hello",
  });
  expect(await refusal(admin.get({ recordId }))).toBe("not_found");
});

it("follows records live, and continues behind the last one that was seen", async () => {
  const first = await write();
  const tail = await openTail({ last: 1 });
  const seen = await readNext(tail);
  expect(seen.recordId).toBe(first);
  const next = readNext(tail);
  const second = await write();
  expect((await next).recordId).toBe(second);
  await tail.return?.();

  const third = await write();
  const resumed = await openTail({ lastEventId: seen.eventId });
  expect((await readNext(resumed)).recordId).toBe(second);
  expect((await readNext(resumed)).recordId).toBe(third);
  await resumed.return?.();
});

it("refuses to continue behind what is no event", async () => {
  for (const lastEventId of ["-1", "1e9", "req_1", "01", "9".repeat(16)]) {
    const tail = await openTail({ lastEventId });
    expect(await refusal(tail.next())).toBe("invalid_input");
  }
});

it("is told no more when the session has ended", async () => {
  await write();
  const tail = await openTail({ last: 1 });
  await readNext(tail);
  const next = tail.next();
  await adminCaller.auth.logoutEverywhere();
  expect(await refusal(next)).toBe("unauthenticated");
});
